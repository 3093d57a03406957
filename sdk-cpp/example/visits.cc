// Counts its own runs in a data directory: `visits DIR`. No server is involved.
#include <exception>
#include <iostream>

#include <synap/synap.hpp>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: visits DIR\n";
        return 2;
    }
    try {
        auto store = synap::Store::open(argv[1]);
        auto session = synap::Session::open(store);
        std::cout << "visits: " << session.incr("visits") << "\n";
        store.close();
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
