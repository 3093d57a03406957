// INFO [section ...]: which sections, and their text.
#include "core/session/info.h"

#include <algorithm>

#include "core/base/numbers.h"
#include "core/base/text.h"
#include "core/commands/generated/handlers.h"
#include "core/session/session.h"

namespace synap {

void InfoFields::real(std::string_view name, double value, int digits) {
    add(name, fixed(value, digits));
}

void InfoFields::bytes(std::string_view name, uint64_t value) {
    static constexpr const char* kUnits[] = {"K", "M", "G", "T", "P"};
    number(name, value);
    const std::string human = std::string(name) + "_human";
    if (value < 1024) return add(human, std::to_string(value) + "B");
    double scaled = static_cast<double>(value) / 1024;
    size_t unit = 0;
    while (scaled >= 1024 && unit + 1 < std::size(kUnits)) {
        scaled /= 1024;
        ++unit;
    }
    add(human, fixed(scaled, 2) + kUnits[unit]);
}

void InfoFields::replace(const std::string& name, const std::string& value) {
    for (auto& [known, old] : fields_) {
        if (known != name) continue;
        old = value;
        return;
    }
    add(name, value);
}

std::string InfoFields::text() const {
    std::string text;
    for (const auto& [name, value] : fields_) {
        text.append(name).append(":").append(value).append("\r\n");
    }
    return text;
}

}  // namespace synap

namespace synap::commands {
namespace {

bool is_wanted(CommandContext& ctx, const InfoSection& section) {
    if (ctx.argc() == 1) return section.by_default;
    for (size_t i = 1; i < ctx.argc(); ++i) {
        const std::string asked = to_lower(ctx.arg(i));
        if (asked == section.name || asked == "all" || asked == "everything") return true;
        if (asked == "default" && section.by_default) return true;
    }
    return false;
}

}  // namespace

void cmd_info(CommandContext& ctx) {
    std::string text;
    for (const InfoSection& section : info_sections()) {
        if (!is_wanted(ctx, section)) continue;
        InfoFields fields;
        section.fill(ctx, fields);
        // What the embedding program knows better, or only it knows.
        for (const auto& [name, value] : ctx.engine().host_facts().of(section.name)) {
            fields.replace(name, value);
        }
        if (!text.empty()) text += "\r\n";
        text.append("# ").append(section.title).append("\r\n").append(fields.text());
    }
    ctx.reply().verbatim(text);
}

}  // namespace synap::commands
