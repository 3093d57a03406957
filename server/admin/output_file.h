// A file that is there as a whole or not at all.
#pragma once

#include <fstream>
#include <string>

namespace synap::server::admin {

// Written as NAME.partial beside it. Unless finish() was called that is removed again: at the end
// of its life, and when SIGINT, SIGTERM or SIGHUP ends the process, as they do at once.
//
// One at a time in a process: its signal handlers know one name.
class OutputFile {
public:
    explicit OutputFile(std::string name);  // throws Failure
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    std::ostream& stream() { return stream_; }
    void finish();  // throws Failure

private:
    const std::string name_;
    const std::string partial_;
    std::ofstream stream_;
};

}  // namespace synap::server::admin
