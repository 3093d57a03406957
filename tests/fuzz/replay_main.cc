// Runs a fuzz target over saved inputs, for compilers without libFuzzer.
// usage: fuzz_<name> [FILE|DIRECTORY]...

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

void Collect(const fs::path& path, std::vector<fs::path>* files) {
    if (fs::is_directory(path)) {
        for (const auto& entry : fs::recursive_directory_iterator(path)) {
            if (entry.is_regular_file()) files->push_back(entry.path());
        }
    } else if (fs::exists(path)) {
        files->push_back(path);
    }
}

void Run(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    // A heap block of the exact size, so that ASan sees a read past its end.
    const std::vector<uint8_t> input(bytes.begin(), bytes.end());
    std::printf("%s (%zu bytes)\n", path.filename().c_str(), input.size());
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(input.data(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<fs::path> files;
    for (int i = 1; i < argc; ++i) Collect(argv[i], &files);
    std::sort(files.begin(), files.end());

    LLVMFuzzerTestOneInput(nullptr, 0);
    for (const auto& file : files) Run(file);
    std::printf("%zu inputs replayed\n", files.size());
    return 0;
}
