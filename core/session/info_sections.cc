// What the sections of INFO say, but for those that have a file of their own.
#include <algorithm>
#include <string>

#include "core/engine/version.h"
#include "core/keyspace/walk.h"
#include "core/platform/real.h"
#include "core/session/info.h"
#include "core/session/session.h"

namespace synap {
namespace {

// Rounds of maintenance a second, which is what Redis calls hz.
constexpr uint64_t kHertz = 10;

std::string compiler_version() {
#if defined(__clang__)
    return __clang_version__;
#else
    return __VERSION__;
#endif
}

void fill_server(CommandContext& ctx, InfoFields& fields) {
    Engine& engine = ctx.engine();
    const int64_t now_ms = engine.clock().wall_ms();
    const uint64_t uptime = engine.uptime_us() / 1'000'000;
    fields.add("redis_version", kRedisVersion);
    fields.add("redis_git_sha1", "00000000");
    fields.number("redis_git_dirty", 0);
    fields.add("redis_build_id", "0");
    fields.add("redis_mode", "standalone");
    fields.add("os", system_name());
    fields.number("arch_bits", sizeof(void*) * 8);
    fields.add("monotonic_clock", "POSIX clock_gettime");
    fields.add("multiplexing_api", "none");
    fields.add("atomicvar_api", "c++20");
    fields.add("gcc_version", compiler_version());
    fields.number("process_id", static_cast<uint64_t>(process_id()));
    fields.add("process_supervised", "no");
    fields.add("run_id", engine.run_id());
    fields.number("tcp_port", 0);
    fields.number("server_time_usec", static_cast<uint64_t>(now_ms) * 1000);
    fields.number("uptime_in_seconds", uptime);
    fields.number("uptime_in_days", uptime / 86400);
    fields.number("hz", kHertz);
    fields.number("configured_hz", kHertz);
    fields.number("lru_clock", ctx.keyspace().seconds() & 0xffffff);
    fields.add("executable", executable_path());
    fields.add("config_file", "");
    fields.number("io_threads_active", 0);
    fields.add("synap_version", kSynapVersion);
    fields.number("synap_slots", ctx.keyspace().slot_count());
}

void fill_clients(CommandContext& ctx, InfoFields& fields) {
    Engine& engine = ctx.engine();
    fields.number("connected_clients", engine.sessions().count());
    fields.zeros({"cluster_connections", "maxclients", "client_recent_max_input_buffer",
                  "client_recent_max_output_buffer"});
    fields.number("blocked_clients", engine.waits().count());
    fields.zeros({"tracking_clients", "clients_in_timeout_table", "total_blocking_keys",
                  "total_blocking_keys_on_nokey"});
}

std::string percentage(uint64_t part, uint64_t whole) {
    const double share = whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
    return fixed(100 * share, 2) + "%";
}

double ratio_of(uint64_t a, uint64_t b) {
    return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

// What no command of this version can take memory for.
void add_scripts(InfoFields& fields) {
    fields.zeros({"used_memory_lua", "used_memory_vm_eval"});
    fields.add("used_memory_lua_human", "0B");
    fields.zeros({"used_memory_scripts_eval", "number_of_cached_scripts", "number_of_functions",
                  "number_of_libraries", "used_memory_vm_functions"});
    fields.bytes("used_memory_vm_total", 0);
    fields.zeros({"used_memory_functions"});
    fields.bytes("used_memory_scripts", 0);
}

// The allocator is the C library's, which tells nothing: as Redis has it with such a one, what it
// holds is the process.
void add_allocator(uint64_t used, uint64_t resident, InfoFields& fields) {
    const auto difference = [](uint64_t a, uint64_t b) {
        return std::to_string(static_cast<int64_t>(a) - static_cast<int64_t>(b));
    };
    fields.real("allocator_frag_ratio", ratio_of(resident, used), 2);
    fields.add("allocator_frag_bytes", difference(resident, used));
    fields.real("allocator_rss_ratio", 1, 2);
    fields.number("allocator_rss_bytes", 0);
    fields.real("rss_overhead_ratio", 1, 2);
    fields.number("rss_overhead_bytes", 0);
    fields.real("mem_fragmentation_ratio", ratio_of(resident, used), 2);
    fields.add("mem_fragmentation_bytes", difference(resident, used));
}

void fill_memory(CommandContext& ctx, InfoFields& fields) {
    Engine& engine = ctx.engine();
    const uint64_t used = engine.used_memory();
    const uint64_t peak = std::max(engine.peak_memory(), used);
    const uint64_t resident = resident_bytes();
    const uint64_t startup = ctx.keyspace().slots_bytes();
    const uint64_t host = engine.host_memory();
    const uint64_t overhead = std::min(startup + host, used);
    fields.bytes("used_memory", used);
    fields.bytes("used_memory_rss", resident);
    fields.bytes("used_memory_peak", peak);
    fields.add("used_memory_peak_perc", percentage(used, peak));
    fields.number("used_memory_overhead", overhead);
    fields.number("used_memory_startup", startup);
    fields.number("used_memory_dataset", used - overhead);
    fields.add("used_memory_dataset_perc",
               percentage(used - overhead, used - std::min(used, startup)));
    fields.number("allocator_allocated", used);
    fields.number("allocator_active", resident);
    fields.number("allocator_resident", resident);
    fields.bytes("total_system_memory", total_memory_bytes());
    add_scripts(fields);
    fields.bytes("maxmemory", engine.options().get(OptionId::kMaxMemory));
    fields.add("maxmemory_policy", redis_option_text(engine, OptionId::kMaxMemoryPolicy));
    add_allocator(used, resident, fields);
    fields.zeros({"mem_not_counted_for_evict", "mem_replication_backlog",
                  "mem_total_replication_buffers", "mem_clients_slaves"});
    fields.number("mem_clients_normal", host);
    fields.number("mem_cluster_links", 0);
    fields.number("mem_aof_buffer", engine.log() != nullptr ? engine.log()->tail_bytes() : 0);
    fields.add("mem_allocator", "libc");
    fields.zeros({"active_defrag_running", "lazyfree_pending_objects", "lazyfreed_objects"});
}

void fill_cpu(CommandContext&, InfoFields& fields) {
    const ProcessorTime time = processor_time();
    const ProcessorTime main = main_thread_time();
    fields.real("used_cpu_sys", time.system, 6);
    fields.real("used_cpu_user", time.user, 6);
    fields.real("used_cpu_sys_children", 0, 6);
    fields.real("used_cpu_user_children", 0, 6);
    fields.real("used_cpu_sys_main_thread", main.system, 6);
    fields.real("used_cpu_user_main_thread", main.user, 6);
}

void fill_modules(CommandContext&, InfoFields&) {}

void fill_cluster(CommandContext&, InfoFields& fields) { fields.flag("cluster_enabled", false); }

void fill_keyspace(CommandContext& ctx, InfoFields& fields) {
    Keyspace& keyspace = ctx.keyspace();
    const AverageLives lives = average_lives(keyspace, ctx.now_ms(), ctx.run().random);
    for (unsigned database = 0; database < limits::kDatabases; ++database) {
        const uint8_t name_space = keyspace.name_space_of(database);
        const int64_t keys = keyspace.accounts().keys(name_space);
        if (keys <= 0) continue;
        fields.add("db" + std::to_string(database),
                   "keys=" + std::to_string(keys) +
                       ",expires=" + std::to_string(keyspace.accounts().deadlines(name_space)) +
                       ",avg_ttl=" + std::to_string(lives.ms[name_space]));
    }
}

}  // namespace

std::span<const InfoSection> info_sections() noexcept {
    static constexpr InfoSection kSections[] = {
        {"server", "Server", true, fill_server},
        {"clients", "Clients", true, fill_clients},
        {"memory", "Memory", true, fill_memory},
        {"persistence", "Persistence", true, fill_persistence},
        {"stats", "Stats", true, fill_stats},
        {"replication", "Replication", true, fill_replication},
        {"cpu", "CPU", true, fill_cpu},
        {"modules", "Modules", true, fill_modules},
        {"commandstats", "Commandstats", false, fill_command_stats},
        {"errorstats", "Errorstats", true, fill_error_stats},
        {"latencystats", "Latencystats", false, fill_latency_stats},
        {"cluster", "Cluster", true, fill_cluster},
        {"keyspace", "Keyspace", true, fill_keyspace},
    };
    return kSections;
}

}  // namespace synap
