#include "core/platform/stoppable_disk.h"

#include <utility>

namespace synap {
namespace {

class StoppableFile final : public File {
public:
    StoppableFile(std::unique_ptr<File> file, const std::atomic<bool>& wish)
        : file_(std::move(file)), wish_(wish) {}

    Status write_at(uint64_t offset, std::string_view bytes) override {
        return file_->write_at(offset, bytes);
    }
    Result<size_t> read_at(uint64_t offset, char* to, size_t size) override {
        if (wish_.load(std::memory_order_relaxed)) {
            return Error{Code::kShutdown, "the store is closing"};
        }
        return file_->read_at(offset, to, size);
    }
    Status sync() override { return file_->sync(); }
    void begin_sync(uint64_t offset, uint64_t size) noexcept override {
        file_->begin_sync(offset, size);
    }
    Status reserve(uint64_t offset, uint64_t size) override { return file_->reserve(offset, size); }
    Status truncate(uint64_t size) override { return file_->truncate(size); }
    Result<uint64_t> size() override { return file_->size(); }
    Result<FileIdentity> identity() override { return file_->identity(); }

private:
    const std::unique_ptr<File> file_;
    const std::atomic<bool>& wish_;
};

class StoppableDisk final : public Disk {
public:
    StoppableDisk(std::shared_ptr<Disk> disk, const std::atomic<bool>& wish)
        : disk_(std::move(disk)), wish_(wish) {}

    Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override {
        auto file = disk_->open(name, mode);
        if (!file) return file.take_failure();
        return std::unique_ptr<File>(std::make_unique<StoppableFile>(std::move(*file), wish_));
    }
    Status rename(std::string_view from, std::string_view to) override {
        return disk_->rename(from, to);
    }
    Status remove(std::string_view name) override { return disk_->remove(name); }
    Result<std::vector<std::string>> list() override { return disk_->list(); }
    Status sync_names() override { return disk_->sync_names(); }
    Result<std::unique_ptr<DiskLock>> lock() override { return disk_->lock(); }
    Result<std::unique_ptr<DiskLock>> lock_shared() override { return disk_->lock_shared(); }
    std::string describe(std::string_view name) const override { return disk_->describe(name); }

private:
    const std::shared_ptr<Disk> disk_;
    const std::atomic<bool>& wish_;
};

}  // namespace

std::shared_ptr<Disk> stoppable(std::shared_ptr<Disk> disk, const std::atomic<bool>& wish) {
    if (disk == nullptr) return nullptr;
    return std::make_shared<StoppableDisk>(std::move(disk), wish);
}

}  // namespace synap
