// docs/http.md says what the tables of routes and commands say.
#include "server/http/reference.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "server/http/command.h"
#include "server/http/router.h"

namespace synap::server::http {
namespace {

TEST(HttpReference, ThePageIsCurrent) {
    std::ifstream file("docs/http.md", std::ios::binary);
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(page == print_http_reference())
        << "docs/http.md is stale; run\n"
           "  synap-server --print-http-reference > docs/http.md";
}

void check_fields(std::string_view where, FieldSpecs fields) {
    EXPECT_LE(fields.size(), Fields::kMaxFields) << where;
    std::set<std::string_view> names;
    for (const FieldSpec& field : fields) {
        EXPECT_TRUE(names.insert(field.name).second) << where << ": " << field.name << " twice";
        EXPECT_LE(field.min, field.max) << where << ": " << field.name;
        EXPECT_TRUE(!field.required || field.fallback.empty()) << where << ": " << field.name;
        check_fields(where, {field.members, field.members_count});
    }
}

TEST(HttpReference, TheTablesAreSound) {
    std::set<std::string> routes;
    for (const auto family : all_routes()) {
        for (const Route& route : family) {
            const std::string name =
                std::to_string(static_cast<int>(route.method)) + std::string(route.pattern);
            EXPECT_TRUE(routes.insert(name).second) << name;
            EXPECT_NE(route.handler == nullptr, route.mapping == nullptr) << name;
            EXPECT_FALSE(route.summary.empty() || route.reply.empty()) << name;
            check_fields(route.pattern, route.query);
            check_fields(route.pattern, route.body);
        }
    }
    std::set<std::string_view> commands;
    for (const auto family : all_commands()) {
        for (const DottedCommand& command : family) {
            EXPECT_TRUE(commands.insert(command.name).second) << command.name;
            EXPECT_NE(command.handler == nullptr, command.mapping == nullptr) << command.name;
            EXPECT_FALSE(command.summary.empty() || command.reply.empty()) << command.name;
            check_fields(command.name, command.fields);
        }
    }
}

}  // namespace
}  // namespace synap::server::http
