// Lines of the log: text for people, JSON for collectors.
#pragma once

#include <spdlog/formatter.h>

#include "server/log/log.h"

namespace synap::server::log {

// One line for each message of spdlog: of ours, with their fields, and of anybody else's.
class LineFormatter final : public spdlog::formatter {
public:
    explicit LineFormatter(bool json) : json_(json) {}

    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override;
    std::unique_ptr<spdlog::formatter> clone() const override;

private:
    const bool json_;
};

// The fields of the message that this thread is writing. spdlog's sinks here format on the
// caller's thread, so that the fields need not be squeezed through the message's text.
class CurrentFields {
public:
    explicit CurrentFields(Fields fields);
    ~CurrentFields();
    CurrentFields(const CurrentFields&) = delete;
    CurrentFields& operator=(const CurrentFields&) = delete;
};

}  // namespace synap::server::log
