// What a large hash costs by itself: ns of thread CPU for each operation, bytes for each field.
//
// usage: bench_tree [fields]    1,000,000 unless told otherwise
#include <time.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/platform/entropy.h"
#include "core/types/tree/hash_tree.h"

namespace synap {
namespace {

constexpr size_t kBatch = 16;

double now() {
    timespec at{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return static_cast<double>(at.tv_sec) * 1e9 + static_cast<double>(at.tv_nsec);
}

template <typename Work>
void measure(const char* what, uint64_t times, Work&& work) {
    const double before = now();
    work();
    std::printf("%-44s %10.1f ns\n", what, (now() - before) / static_cast<double>(times));
}

// Sixteen bytes, different for each number, in no order.
struct Field {
    char text[17];
    explicit Field(uint64_t number) {
        std::snprintf(text, sizeof text, "%016" PRIx64, SmallRandom(number).next());
    }
    std::string_view view() const { return {text, 16}; }
};

class Bench {
public:
    Bench(Heap& heap, uint64_t fields) : count_(fields), tree_(HashTree::make(heap, 1, 0)) {
        for (uint64_t i = 0; i < drawn_count_; ++i) drawn_.emplace_back(random_.below(count_));
        for (uint64_t i = 0; i < drawn_count_; ++i) absent_.emplace_back(count_ + i);
    }

    void run() {
        const size_t before = tree_->memory();
        measure("fill", count_, [&] {
            for (uint64_t i = 0; i < count_; ++i) tree_->put(Field(i).view(), kValue, 0, 0);
        });
        std::printf("%-44s %10.2f bytes\n", "a field of 16 + 16 bytes",
                    static_cast<double>(tree_->memory() - before) / static_cast<double>(count_));
        finds();
        changes();
        whole();
    }

private:
    static constexpr std::string_view kValue = "0123456789abcdef";
    static constexpr std::string_view kOther = "fedcba9876543210";

    template <typename One>
    void in_batches(const std::vector<Field>& fields, One&& one) {
        std::string_view views[kBatch];
        for (size_t i = 0; i + kBatch <= fields.size(); i += kBatch) {
            for (size_t k = 0; k < kBatch; ++k) views[k] = fields[i + k].view();
            tree_->prefetch(views);
            for (const std::string_view view : views) one(view);
        }
    }
    void finds() {
        TreeEntry entry;
        uint64_t sum = 0;
        measure("get, one at a time", drawn_count_, [&] {
            size_t next = 0;
            for (uint64_t i = 0; i < drawn_count_; ++i) {  // each waits for the one before
                tree_->find(drawn_[(i + next) % drawn_count_].view(), entry);
                next = entry.value[0] & 1;
                sum += next;
            }
        });
        measure("get, prefetched in batches of 16", drawn_count_, [&] {
            in_batches(drawn_, [&](std::string_view field) {
                tree_->find(field, entry);
                sum += static_cast<unsigned char>(entry.value[0]);
            });
        });
        measure("get, find_many of 16", drawn_count_, [&] {
            std::string_view views[kBatch];
            TreeEntry entries[kBatch];
            bool found[kBatch];
            for (size_t i = 0; i + kBatch <= drawn_count_; i += kBatch) {
                for (size_t k = 0; k < kBatch; ++k) views[k] = drawn_[i + k].view();
                tree_->find_many(views, entries, found);
                for (const TreeEntry& e : entries) sum += static_cast<unsigned char>(e.value[0]);
            }
        });
        measure("get of what is not there, in batches", drawn_count_, [&] {
            in_batches(absent_,
                       [&](std::string_view field) { sum += tree_->find(field, entry) ? 1 : 0; });
        });
        measure("random entry", drawn_count_, [&] {
            for (uint64_t i = 0; i < drawn_count_; ++i) tree_->random(random_.next(), entry);
        });
        if (sum == 0) std::puts("nothing found");
    }
    void changes() {
        measure("overwrite, one at a time", drawn_count_, [&] {
            for (const Field& field : drawn_) tree_->put(field.view(), kOther, 0, 0);
        });
        measure("overwrite, in batches", drawn_count_, [&] {
            in_batches(drawn_, [&](std::string_view f) { tree_->put(f, kValue, 0, 0); });
        });
        measure("insert, in batches", drawn_count_, [&] {
            in_batches(absent_, [&](std::string_view f) { tree_->put(f, kValue, 0, 0); });
        });
        measure("erase, in batches", drawn_count_,
                [&] { in_batches(absent_, [&](std::string_view f) { tree_->erase(f, 0); }); });
        measure("insert, one at a time", drawn_count_, [&] {
            for (const Field& field : absent_) tree_->put(field.view(), kOther, 0, 0);
        });
        measure("erase, one at a time", drawn_count_, [&] {
            for (const Field& field : absent_) tree_->erase(field.view(), 0);
        });
    }
    void whole() {
        HashTreeRef ref;
        measure("share", 1, [&] { ref = tree_->share(); });
        uint64_t bytes = 0;
        measure("a field of a walk", count_, [&] {
            TreeEntry entry;
            for (auto cursor = ref.begin(); cursor.next(entry);) bytes += entry.value.size();
        });
        measure("a field of a scan by 10", count_, [&] {
            uint64_t cursor = 0;
            do {
                cursor = ref.scan(cursor, 10, [&](const TreeEntry& e) { bytes += e.value.size(); });
            } while (cursor != 0);
        });
        measure("overwrite while shared, one at a time", drawn_count_ / 10, [&] {
            for (uint64_t i = 0; i < drawn_count_ / 10; ++i)
                tree_->put(drawn_[i].view(), kOther, 0, 0);
        });
        ref = {};
        measure("a field freed", count_, [&] { HashTree::free(tree_); });
        if (bytes == 0) std::puts("nothing seen");
    }

    const uint64_t count_;
    const uint64_t drawn_count_ = std::min<uint64_t>(count_, 1'000'000);
    HashTree* tree_;
    SmallRandom random_{1};
    std::vector<Field> drawn_;
    std::vector<Field> absent_;
};

}  // namespace
}  // namespace synap

int main(int argc, char** argv) {
    const uint64_t fields = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    if (fields == 0) {
        std::fputs("usage: bench_tree [fields]\n", stderr);
        return 2;
    }
    synap::Heap heap;
    synap::Bench(heap, fields).run();
    return 0;
}
