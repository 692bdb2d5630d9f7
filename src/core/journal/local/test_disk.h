// A simulated disk in memory that fails the way real disks do. It separates, page by page, what
// programs see (the page cache) from what would survive a loss of power: a write is visible at
// once, and is on the disk only after a sync, or when the kernel happened to write it. A sync that
// fails writes some of the pages and forgets that the others were to be written, so that the next
// sync of the file succeeds without them. Names in the folder are durable only after create().
//
// All chance is decided by the seed: the same run has the same outcome. Any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "base/result.h"
#include "journal/local/disk.h"

namespace gridloom::journal {

class TestDisk final : public Disk {
 public:
  enum class Kind : std::uint8_t {
    kNoSpace,   // a write is cut short at any byte
    kIoError,   // a write is cut short at any byte, and reading fails as well
    kPowerOff,  // power is lost during the operation; everything fails until power_on()
    kKilled,    // the program ends during the operation: everything fails until restart()
  };
  struct DiskFault {
    std::uint64_t at = 0;  // the first operation that fails, counted from 1
    std::uint64_t times = 1;
    Kind kind = Kind::kIoError;
  };

  explicit TestDisk(std::uint64_t seed) : chance_(seed) {}

  void plan(DiskFault fault) {
    const std::lock_guard lock(mutex_);
    faults_.assign(1, fault);
  }
  // Comes as well; one that has not begun outlives power_on() and restart().
  void plan_also(DiskFault fault) {
    const std::lock_guard lock(mutex_);
    faults_.push_back(fault);
  }
  // The disk fails in this way from now on, until mend().
  void break_down(Kind kind) {
    plan({.at = operations() + 1, .times = ~std::uint64_t{0} / 2, .kind = kind});
  }
  void mend() {
    const std::lock_guard lock(mutex_);
    faults_.clear();
  }
  // How power or program ended, until power_on() or restart().
  [[nodiscard]] std::optional<Kind> ended() const {
    const std::lock_guard lock(mutex_);
    return off_;
  }
  [[nodiscard]] std::uint64_t operations() const {
    const std::lock_guard lock(mutex_);
    return operations_;
  }

  // The machine stops, if it runs, and starts again: a random part of the data that was not durable
  // is lost.
  void power_on() {
    const std::lock_guard lock(mutex_);
    off_.reset();
    std::erase_if(faults_, [this](const DiskFault& each) { return each.at <= operations_ + 1; });
    std::set<std::string> names;
    for (const auto& [name, file] : seen_) names.insert(name);
    for (const auto& [name, file] : durable_) names.insert(name);
    for (const std::string& name : names) {
      const auto seen = seen_.find(name);
      if (!coin()) continue;  // the folder's change was not written
      if (seen == seen_.end()) {
        durable_.erase(name);
      } else {
        durable_.insert_or_assign(name, seen->second);
      }
    }
    seen_ = durable_;
    for (auto& [name, file] : seen_) {
      write_some_pages(*file);
      file->seen = file->durable;
      file->forgotten.clear();
    }
  }
  // Only the program restarts: what it had written and not synced is seen, and still not durable.
  // For pages whose sync failed, the kernel may return the old content again.
  void restart() {
    const std::lock_guard lock(mutex_);
    off_.reset();
    std::erase_if(faults_, [this](const DiskFault& each) { return each.at <= operations_ + 1; });
    for (auto& [name, file] : seen_) {
      for (const std::size_t page : std::exchange(file->forgotten, {})) {
        if (coin()) forget(*file, page);
      }
    }
  }

  // Puts a durable file in place for a test; does not count as an operation.
  void put(const std::string& name, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    auto file = std::make_shared<File>();
    file->seen = file->durable = bytes;
    seen_.insert_or_assign(name, file);
    durable_.insert_or_assign(name, file);
  }
  [[nodiscard]] std::map<std::string, std::string> contents() const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::string> all;
    for (const auto& [name, file] : seen_) all.emplace(name, file->seen);
    return all;
  }

  Result<std::unique_ptr<AppendFile>> create(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    const auto fault = next_operation();
    if (!fault || coin()) seen_.erase(name);
    if (fault && coin()) return refuse("cannot make", name, *fault);
    auto file = std::make_shared<File>();
    seen_.insert_or_assign(name, file);
    if (fault) return refuse("cannot sync the folder of", name, *fault);
    durable_ = seen_;
    return std::make_unique<Appended>(*this, name, std::move(file));
  }

  Result<std::string> read(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    const auto fault = next_operation();
    if (fault && fault != Kind::kNoSpace) return refuse("cannot read", name, *fault);
    const auto file = seen_.find(name);
    if (file == seen_.end()) return fail(ErrorCode::kNotFound, name + " does not exist");
    return file->second->seen;
  }

  Result<std::vector<std::string>> list() override {
    const std::lock_guard lock(mutex_);
    const auto fault = next_operation();
    if (fault && fault != Kind::kNoSpace) return refuse("cannot list", "the folder", *fault);
    std::vector<std::string> names;
    for (const auto& [name, file] : seen_) names.push_back(name);
    return names;
  }

  Status remove(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    const auto fault = next_operation();
    if (!fault || coin()) seen_.erase(name);
    if (fault) return refuse("cannot remove", name, *fault);
    return {};
  }

  Status truncate(const std::string& name, std::uint64_t size) override {
    const std::lock_guard lock(mutex_);
    const auto fault = next_operation();
    const auto found = seen_.find(name);
    if (found == seen_.end()) return fail(ErrorCode::kIo, name + " does not exist");
    File& file = *found->second;
    if (!fault || coin()) {
      file.seen.resize(size);
      std::erase_if(file.unwritten, [size](std::size_t page) { return page * kPage >= size; });
    }
    if (fault) return refuse("cannot cut", name, *fault);
    file.durable.resize(std::min<std::size_t>(file.durable.size(), size));
    for (const std::size_t page : std::exchange(file.unwritten, {})) write_page(file, page);
    return {};
  }

  Status replace(const std::string& name, std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    if (const auto fault = next_operation()) return refuse("cannot write", name, *fault);
    auto file = std::make_shared<File>();
    file->seen = file->durable = bytes;
    const auto fault = next_operation();  // the rename, or the sync of the folder
    if (!fault || coin()) seen_.insert_or_assign(name, file);
    if (fault) return refuse("cannot sync the folder of", name, *fault);
    durable_.insert_or_assign(name, file);
    return {};
  }

  Status sync(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    const auto found = seen_.find(name);
    if (found == seen_.end()) return fail(ErrorCode::kIo, name + " does not exist");
    return sync(name, *found->second, NeedsRoom::kNo);
  }

 private:
  // Smaller than a real page, so that records span many pages.
  static constexpr std::size_t kPage = 32;

  struct File {
    std::string seen;
    std::string durable;
    std::set<std::size_t> unwritten;  // pages that the next sync is to write
    std::set<std::size_t> forgotten;  // pages that a failed sync left out
  };

  class Appended final : public AppendFile {
   public:
    Appended(TestDisk& disk, std::string name, std::shared_ptr<File> file)
        : disk_(disk), name_(std::move(name)), file_(std::move(file)) {}

    Status append(std::span<const std::string_view> chunks) override {
      const std::lock_guard lock(disk_.mutex_);
      const auto fault = disk_.next_operation();
      std::string bytes;
      for (const std::string_view chunk : chunks) bytes += chunk;
      if (fault) bytes.resize(disk_.draw(bytes.size() + 1));
      const std::size_t before = file_->seen.size();
      file_->seen += bytes;
      for (std::size_t page = before / kPage; page * kPage < file_->seen.size(); ++page) {
        file_->unwritten.insert(page);
      }
      if (fault) return refuse("cannot write", name_, *fault);
      return {};
    }

    Status sync() override {
      const std::lock_guard lock(disk_.mutex_);
      return disk_.sync(name_, *file_, NeedsRoom::kYes);
    }

   private:
    TestDisk& disk_;
    std::string name_;
    std::shared_ptr<File> file_;
  };

  // What was written before has its room on a full disk.
  enum class NeedsRoom : std::uint8_t { kYes, kNo };
  Status sync(const std::string& name, File& file, NeedsRoom needs_room) {
    auto fault = next_operation();
    if (fault == Kind::kNoSpace && needs_room == NeedsRoom::kNo) fault.reset();
    if (fault) {
      // Who is killed has not failed to sync: the kernel writes the pages some time.
      if (fault != Kind::kKilled) write_some_pages(file);
      return refuse("cannot sync", name, *fault);
    }
    for (const std::size_t page : std::exchange(file.unwritten, {})) write_page(file, page);
    // The size is written even if pages were forgotten.
    file.durable.resize(file.seen.size());
    return {};
  }

  static std::unexpected<Error> refuse(std::string_view what, const std::string& name, Kind kind) {
    const std::string_view why = kind == Kind::kNoSpace   ? "No space left on device"
                                 : kind == Kind::kIoError ? "Input/output error"
                                 : kind == Kind::kKilled  ? "the program has ended"
                                                          : "the power is off";
    std::string detail(what);
    detail.append(" ").append(name).append(": ").append(why);
    return fail(ErrorCode::kIo, std::move(detail));
  }

  static void write_page(File& file, std::size_t page) {
    const std::size_t begin = page * kPage;
    if (begin >= file.seen.size()) return;
    const std::string_view bytes = std::string_view(file.seen).substr(begin, kPage);
    file.durable.resize(std::max(file.durable.size(), begin + bytes.size()));
    file.durable.replace(begin, bytes.size(), bytes);
  }

  static void forget(File& file, std::size_t page) {
    const std::size_t begin = page * kPage;
    if (begin >= file.seen.size()) return;
    const std::size_t size = std::min(kPage, file.seen.size() - begin);
    std::string old(size, '\0');
    if (begin < file.durable.size()) {
      const std::string_view there = std::string_view(file.durable).substr(begin, size);
      old.replace(0, there.size(), there);
    }
    file.seen.replace(begin, size, old);
  }

  // Decides which of the pages reach the disk, and whether the file's size does without them: the
  // missing pages are zeros then.
  void write_some_pages(File& file) {
    const std::uint64_t manner = draw(4);
    for (const std::size_t page : std::exchange(file.unwritten, {})) {
      if (manner == 0 || (manner == 1 && coin())) {
        write_page(file, page);
      } else {
        file.forgotten.insert(page);
      }
    }
    if (manner == 2) file.durable.resize(std::max(file.durable.size(), file.seen.size()));
    if (manner == 3 && file.durable.size() < file.seen.size()) {
      // Torn: a prefix of the missing bytes is written, of any length.
      const std::size_t more = draw(file.seen.size() - file.durable.size());
      file.durable += file.seen.substr(file.durable.size(), more);
    }
  }

  std::optional<Kind> next_operation() {
    ++operations_;
    if (off_) return off_;
    const auto fault = std::ranges::find_if(faults_, [this](const DiskFault& each) {
      return operations_ >= each.at && operations_ - each.at < each.times;
    });
    if (fault == faults_.end()) return std::nullopt;
    if (fault->kind == Kind::kPowerOff || fault->kind == Kind::kKilled) off_ = fault->kind;
    return fault->kind;
  }

  std::uint64_t draw(std::uint64_t limit) { return chance_.bits(drawn_++) % limit; }
  bool coin() { return draw(2) == 0; }

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<File>> seen_;
  std::map<std::string, std::shared_ptr<File>> durable_;
  std::vector<DiskFault> faults_;
  std::uint64_t operations_ = 0;
  std::optional<Kind> off_;
  Chance chance_;
  std::uint64_t drawn_ = 0;
};

}  // namespace gridloom::journal
