#include "server/admin/output_file.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "server/admin/target.h"

namespace synap::server::admin {

namespace {

constexpr std::array kEnds = {SIGINT, SIGTERM, SIGHUP};

// What a handler removes; outlives its setting.
std::atomic<const char*> partial_name{nullptr};

extern "C" void remove_and_end(int signal) {
    if (const char* name = partial_name.load()) unlink(name);
    raise(signal);  // SA_RESETHAND: as if there had been no handler
}

Failure cannot_write(const std::string& name, int error) {
    return Failure(name + ": cannot be written: " + std::generic_category().message(error));
}

}  // namespace

OutputFile::OutputFile(std::string name) : name_(std::move(name)), partial_(name_ + ".partial") {
    stream_.open(partial_, std::ios::binary | std::ios::trunc);
    if (!stream_) throw cannot_write(partial_, errno);
    partial_name = partial_.c_str();
    struct sigaction action {};
    action.sa_handler = remove_and_end;
    action.sa_flags = SA_RESETHAND;
    for (const int signal : kEnds) {
        sigaction(signal, &action, nullptr);
    }
}

OutputFile::~OutputFile() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (const int signal : kEnds) {
        sigaction(signal, &action, nullptr);
    }
    if (partial_name.exchange(nullptr) != nullptr) unlink(partial_.c_str());
}

void OutputFile::finish() {
    errno = 0;
    stream_.close();
    if (!stream_) throw cannot_write(name_, errno);
    std::error_code code;
    std::filesystem::rename(partial_, name_, code);
    if (code) throw cannot_write(name_, code.value());
    partial_name = nullptr;
}

}  // namespace synap::server::admin
