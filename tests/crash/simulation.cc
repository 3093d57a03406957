#include "tests/crash/simulation.h"

#include <algorithm>
#include <initializer_list>

#include "core/log/format.h"
#include "tests/crash/evidence.h"

namespace synap::crash {

Parameters Parameters::draw(uint64_t seed) {
    SmallRandom random(seed * 2 + 1);
    Parameters drawn;
    constexpr size_t kSectors[] = {16, 64, 512, 512, 4096};
    drawn.disk.seed = random.next();
    drawn.disk.sector_bytes = kSectors[random.below(std::size(kSectors))];
    drawn.disk.names_in_order = random.below(3) != 0;
    drawn.disk.reserves = random.below(4) != 0;
    drawn.fsync = static_cast<FsyncPolicy>(random.below(3));
    drawn.segment_bytes = 4096u << random.below(6);
    drawn.snapshots_kept = 1 + random.below(2);
    drawn.snapshot_growth = random.below(2) == 0 ? 0 : 2000 + random.below(40000);
    drawn.lives = 2 + random.below(7);
    drawn.operations = 10 + random.below(140);
    drawn.snapshot_in = 6 + random.below(120);
    drawn.mix.keys = 2 + random.below(12);
    drawn.mix.transaction_in = 2 + random.below(12);
    drawn.mix.keyspace_in = 15 + random.below(200);
    if (random.below(10) == 0) {
        drawn.mix.huge_in = 6;
        drawn.operations = 10 + random.below(30);
    }
    drawn.mix.hash_in = 2 + random.below(4);
    drawn.mix.big_hash_in = 8 + random.below(80);
    return drawn;
}

std::string Parameters::text() const {
    const auto field = [](std::string_view name, uint64_t value) {
        return " " + std::string(name) + "=" + std::to_string(value);
    };
    return "sector=" + std::to_string(disk.sector_bytes) +
           field("names_in_order", disk.names_in_order) + field("lying", disk.lying_sync) +
           field("fsync", static_cast<uint64_t>(fsync)) + field("segment", segment_bytes) +
           field("kept", snapshots_kept) + field("growth", snapshot_growth) +
           field("lives", lives) + field("operations", operations) +
           field("snapshot_in", snapshot_in) + field("keys", mix.keys) +
           field("transaction_in", mix.transaction_in) + field("keyspace_in", mix.keyspace_in) +
           field("huge_in", mix.huge_in) + field("hash_in", mix.hash_in) +
           field("big_hash_in", mix.big_hash_in);
}

Simulation::Simulation(uint64_t seed, const Parameters& parameters, Tally& tally,
                       std::ostream* trace)
    : parameters_(parameters),
      random_(seed),
      entropy_(seed),
      disk_(std::make_shared<SimDisk>(parameters.disk)),
      generator_(parameters.mix, seed),
      tally_(tally),
      trace_(trace) {
    options_.set_number(OptionId::kFsync, static_cast<uint64_t>(parameters.fsync));
    options_.set_number(OptionId::kSegmentBytes, parameters.segment_bytes);
    options_.set_number(OptionId::kSnapshotLogGrowth, parameters.snapshot_growth);
    options_.set_number(OptionId::kSnapshotKeep, parameters.snapshots_kept);
    options_.set_number(OptionId::kSlots, 1024);
    options_.set_number(OptionId::kShadow, 1);
}

std::optional<std::string> Simulation::run() {
    for (uint64_t i = 0; i < parameters_.lives && problem_.empty(); ++i) live(true);
    // Whatever happened, the directory opens, works and closes; and closing is durable.
    for (int i = 0; i < 2 && problem_.empty(); ++i) live(false);
    return verdict();
}

std::optional<std::string> Simulation::run_and_die() {
    if (open(false)) {
        work();
        die(Death::kKill);
    }
    return verdict();
}

std::optional<std::string> Simulation::verdict() const {
    if (problem_.empty()) return std::nullopt;
    return "life " + std::to_string(life_) + ": " + problem_;
}

void Simulation::note(std::string_view text) {
    if (trace_ == nullptr) return;
    const uint64_t appended = store_ == nullptr ? 0 : store_->engine().log()->appended();
    *trace_ << "life " << life_ << " change " << disk_->changes() << " position " << appended
            << " time " << clock_.wall_ms() << ": " << text << "\n";
}

void Simulation::problem(std::string text) {
    if (problem_.empty()) problem_ = std::move(text);
}

void Simulation::live(bool with_faults) {
    if (!open(with_faults)) return;
    work();
    end_life();
}

bool Simulation::open(bool with_faults) {
    ++life_;
    snapshot_open_ = log_started_ = blocked_ = false;
    with_faults_ = with_faults;
    if (with_faults) arm();
    auto opened = Store::open(disk_, clock_, entropy_, options_);
    if (!opened) {
        ++tally_.failed_opens;
        if (!disk_->halted() && disk_->failures().empty()) {
            problem("open refuses: " + opened.error().message);
        }
        if (opened.error().code != Code::kIo) {
            problem("open misreports a failing disk: " + opened.error().message);
        }
        note("open: " + opened.error().message);
        die(one_in(2) ? Death::kKill : Death::kPowerCut);
        return false;
    }
    store_ = std::move(*opened);
    check_found();
    note("open");
    return true;
}

void Simulation::work() {
    const uint64_t steps = random_.below(parameters_.operations + 1);
    for (uint64_t i = 0; i < steps && problem_.empty() && !disk_->halted(); ++i) step();
}

// Each fault of the model by itself, and a death beside a failing call.
void Simulation::arm() {
    const auto draw_nth = [this](std::initializer_list<uint64_t> reaches) {
        return 1 + random_.below(reaches.begin()[random_.below(reaches.size())]);
    };
    if (one_in(3)) disk_->halt_at(draw_nth({10, 60, 400}));
    if (one_in(2)) {
        constexpr DiskFault kFaults[] = {DiskFault::kInputOutput, DiskFault::kInputOutput,
                                         DiskFault::kNoSpace, DiskFault::kNoDescriptors};
        constexpr DiskCall kOften[] = {DiskCall::kSync, DiskCall::kWrite, DiskCall::kRead};
        const DiskCall call = one_in(2) ? kOften[random_.below(std::size(kOften))]
                                        : static_cast<DiskCall>(random_.below(kDiskCalls));
        const uint64_t times = one_in(2) ? 1 + random_.below(3) : UINT64_MAX;
        disk_->fail_at(call, draw_nth({4, 15, 60}), kFaults[random_.below(std::size(kFaults))],
                       times);
    }
    if (one_in(3)) draw_shortage();
}

// From now on, until another is drawn or it is over.
void Simulation::draw_shortage() {
    constexpr DiskFault kShortages[] = {DiskFault::kNoSpace, DiskFault::kQuota,
                                        DiskFault::kNoDescriptors, DiskFault::kReadOnly};
    const DiskFault fault = kShortages[random_.below(std::size(kShortages))];
    // A place that becomes read-only while it is written is a disk that fails.
    if (fault == DiskFault::kReadOnly && log_started_) return;
    disk_->set_shortage(fault);
    note("shortage " + std::to_string(static_cast<int>(fault)));
}

// What has become of the log.
void Simulation::look_at_log() {
    Engine& engine = store_->engine();
    if (!log_started_ && engine.log()->started()) {
        log_started_ = true;
        history_.restart();
        const std::string stray = collect_evidence(*disk_).stray_epoch(*engine.manifest());
        if (!stray.empty()) problem(stray);
        if (!disk_->options().lying_sync) {
            if (std::string broken = store_->broken_promise(); !broken.empty()) problem(broken);
        }
    }
    const bool blocked = engine.waits_to_write();
    tally_.blocks += blocked && !blocked_ ? 1 : 0;
    tally_.over += !blocked && blocked_ && engine.accepts_writes() ? 1 : 0;
    blocked_ = blocked;
}

void Simulation::check_found() {
    const State found = store_->read();
    count_hashes(found);
    if (auto wrong = history_.reopen(found, now())) problem(*wrong);
    check_shadow();
    // What was found is there for good once the log goes on.
    look_at_log();
    if (!log_started_) ++tally_.opened_for_reading;
}

void Simulation::step() {
    if (one_in(100)) set_clock();
    if (with_faults_ && one_in(20)) {
        if (one_in(3)) {
            draw_shortage();
        } else {
            disk_->set_shortage(std::nullopt);
            clock_.advance_ms(1000);
            note("no shortage");
        }
    }
    if (one_in(8)) clock_.advance_ms(random_.below(one_in(4) ? 2500 : 50));
    if (one_in(10)) {
        store_->engine().maintain();
        return note("maintained");
    }
    if (one_in(40)) return check_live();
    if (snapshot_open_ ? one_in(3) : one_in(parameters_.snapshot_in)) return take_snapshot_step();
    operate();
}

// The wall clock jumps, by a little or by ten years, and only forward where keys that have expired
// could come back: whether a key was still there when its deadline passed is known to the model
// only once its delete is durable.
void Simulation::set_clock() {
    constexpr int64_t kTenYearsMs = 3650ll * 86'400'000;
    constexpr int64_t kLeastMs = kTenYearsMs;  // of the wall clock, so that it stays behind 1970
    int64_t by = one_in(3) ? kTenYearsMs : static_cast<int64_t>(random_.below(5000));
    // Nor in a life whose records may rot: the deletes would be among them.
    const bool may_go_back = with_faults_ && clock_.wall_ms() - by >= kLeastMs;
    if (one_in(2) && may_go_back && settle()) by = -by;
    clock_.step_wall_ms(by);
    ++tally_.clock_jumps;
    note("the clock jumps by " + std::to_string(by) + " ms");
}

// What is past its deadline is deleted, durably.
bool Simulation::settle() {
    Engine& engine = store_->engine();
    if (disk_->options().lying_sync) return false;
    engine.maintain();
    if (disk_->halted() || !engine.accepts_writes()) return false;
    if (!engine.log()->sync(engine.log()->appended())) return false;
    history_.acknowledge(Death::kPowerCut);
    history_.expire(now());
    check_digest();
    return true;
}

void Simulation::count_hashes(const State& state) {
    constexpr size_t kMany = 100;
    for (const auto& [key, entry] : state.entries()) {
        if (!entry.is_hash()) continue;
        ++tally_.hashes;
        tally_.large_hashes += entry.fields->size() >= kMany ? 1 : 0;
        for (const auto& [name, field] : *entry.fields) {
            tally_.timed_fields += field.deadline != 0 ? 1 : 0;
        }
    }
}

// Once nothing is due: by the types' own digests, which see what no reply shows.
void Simulation::check_digest() {
    ++tally_.digests;
    if (store_->engine().keyspace().digest() == store_->digest_of(history_.last())) return;
    problem("the digest is not the model's");
}

// A snapshot in many steps, with operations between them; now and then in one.
void Simulation::take_snapshot_step() {
    Engine& engine = store_->engine();
    // Its end is where most can go wrong.
    if (with_faults_ && one_in(6)) disk_->halt_at(1 + random_.below(12));
    if (!snapshot_open_) {
        if (one_in(4)) {
            note("take a snapshot");
            if (engine.snapshots().take()) ++tally_.snapshots;
            return;
        }
        note("begin a snapshot");
        snapshot_open_ = static_cast<bool>(engine.snapshots().begin());
        return;
    }
    Result<bool> done = engine.snapshots().step(1 + random_.below(600));
    snapshot_open_ = done && !*done;
    note(!done            ? "snapshot: " + done.error().message
         : snapshot_open_ ? "snapshot goes on"
                          : "snapshot done");
    if (done && !snapshot_open_) ++tally_.snapshots;
}

bool Simulation::log_call_failed() const {
    for (const FailedCall& failed : disk_->failures()) {
        // What fails under a temporary name is made anew.
        if (!failed.name.starts_with(format::kSegmentPrefix)) continue;
        if (failed.name.ends_with(format::kTemporarySuffix)) continue;
        const bool lost =
            failed.call == DiskCall::kWrite && failed.fault == DiskFault::kInputOutput;
        if (lost || failed.call == DiskCall::kSync) return true;
    }
    return false;
}

void Simulation::operate() {
    look_at_log();
    Engine& engine = store_->engine();
    const Operation operation = generator_.next(now());
    const bool accepts = engine.accepts_writes();
    const bool had_failed = log_call_failed();
    State expected = history_.last();
    expected.apply(operation, now());
    const bool changes = !(expected == history_.last().live_at(now()));

    Answer answer;
    const bool logged = store_->run(operation, answer);
    note(operation.text() + (logged ? "" : "  not logged") +
         (answer.error.empty() ? "" : "  " + answer.error));
    ++tally_.operations;
    if (logged) history_.record(operation, now());
    if (logged && !accepts) return problem("writes go on after a failure: " + operation.text());
    if (changes && !logged && answer.error.empty()) {
        return problem("a change was not logged: " + operation.text());
    }
    if (changes && !logged && engine.accepts_writes()) {
        return problem("refused: " + operation.text() + ": " + answer.error);
    }
    if (!engine.accepts_writes() && engine.failure()) return problem("writes stopped in silence");

    const auto level = static_cast<Durability>(1 + random_.below(3));
    if (level == Durability::kMemory || !log_started_) return;
    const Status reached = store_->reach(level);
    note("reach " + std::to_string(static_cast<int>(level)) + (reached ? "" : ": failed"));
    if (!reached) {
        if (!disk_->halted() && disk_->failures().empty()) problem(reached.error().message);
        return;
    }
    ++tally_.acknowledged;
    if (logged && had_failed) return problem("acknowledged after a failure: " + operation.text());
    history_.acknowledge(level == Durability::kDisk ? Death::kPowerCut : Death::kKill);
    if (level == Durability::kDisk && !disk_->options().lying_sync) {
        if (std::string broken = store_->broken_promise(); !broken.empty()) problem(broken);
    }
}

// Memory is what the operations made it, whatever the disk did.
void Simulation::check_live() {
    const State found = store_->read();
    const State wanted = history_.last().live_at(now());
    if (!(found == wanted)) problem("while running: " + wanted.difference(found));
    check_shadow();
}

// What follows the records alone holds the same.
void Simulation::check_shadow() {
    const std::string difference = store_->engine().difference_from_shadow();
    if (!difference.empty()) problem("the shadow: " + difference);
}

void Simulation::end_life() {
    if (log_call_failed()) ++tally_.failed_logs;
    if (!problem_.empty() || disk_->halted() || (with_faults_ && one_in(2))) {
        return die(one_in(2) ? Death::kKill : Death::kPowerCut);
    }
    check_live();
    look_at_log();
    settle();
    if (with_faults_ && one_in(6)) disk_->halt_at(1 + random_.below(12));
    const Log& log = *store_->engine().log();
    const bool had_failed = log_call_failed() && log.synced() < log.appended();
    const Status closed = store_->engine().close();
    note(closed ? "closed" : "close: " + closed.error().message);
    store_.reset();
    ++tally_.closes;
    if (closed && had_failed) problem("closed as if nothing had failed");
    if (closed && log_started_) history_.acknowledge(Death::kPowerCut);
    if (!closed && !disk_->halted() && disk_->failures().empty()) {
        problem("close: " + closed.error().message);
    }
    die(one_in(2) ? Death::kKill : Death::kPowerCut);
}

void Simulation::die(Death death) {
    note(death == Death::kKill ? "killed" : "power cut");
    if (!disk_->halted()) disk_->halt_at(1);
    store_.reset();
    if (death == Death::kKill) {
        disk_->kill();
        ++tally_.kills;
    } else {
        disk_->crash(random_);
        ++tally_.power_cuts;
    }
    history_.die(death);
    clock_.advance_ms(random_.below(500));
}

}  // namespace synap::crash
