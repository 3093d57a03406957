// synap-admin: see command_line.h.

#include <cstdlib>
#include <iostream>

#include "server/admin/command_line.h"

int main(int argc, char** argv) {
    const char* const url = std::getenv("SYNAP_URL");  // NOLINT(concurrency-mt-unsafe): alone here
    return synap::server::admin::run_command_line(argc, argv, url, std::cin, std::cout, std::cerr);
}
