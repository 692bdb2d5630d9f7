// For tests: disks of copies that outlive those who have them open, and a stream that loses
// messages, as that of servers that all lost their power does.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "jetstream/slot_copy.h"
#include "jetstream/slot_log.h"
#include "journal/local/disk.h"
#include "journal/local/test_disk.h"
#include "nats/connection.h"
#include "nats/jet_stream.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::journal {

// The disk of one opening, on one that stays.
class OpenedDisk final : public Disk {
 public:
  explicit OpenedDisk(TestDisk& disk) : disk_(disk) {}
  Result<std::unique_ptr<AppendFile>> create(const std::string& name) override {
    return disk_.create(name);
  }
  Result<std::string> read(const std::string& name) override { return disk_.read(name); }
  Result<std::vector<std::string>> list() override { return disk_.list(); }
  Status remove(const std::string& name) override { return disk_.remove(name); }
  Status truncate(const std::string& name, std::uint64_t size) override {
    return disk_.truncate(name, size);
  }
  Status replace(const std::string& name, std::string_view bytes) override {
    return disk_.replace(name, bytes);
  }
  Status sync(const std::string& name) override { return disk_.sync(name); }

 private:
  TestDisk& disk_;
};

// A node's copy of a slot's log, on a disk that can fail or in a folder.
class TestCopy {
 public:
  explicit TestCopy(std::uint64_t seed = 1) : disk_(seed) {}
  [[nodiscard]] SlotCopyOptions options() {
    SlotCopyOptions options = in_folder();
    options.disk = [this](const std::filesystem::path&) -> Result<std::unique_ptr<Disk>> {
      return std::make_unique<OpenedDisk>(disk_);
    };
    return options;
  }
  [[nodiscard]] SlotCopyOptions in_folder() const {
    return {.folder = folder_.path() / "copy",
            .cluster = "c1",
            .limits = {.commit = Millis{0}, .segment_bytes = 2'000, .retry = Millis{10}}};
  }
  [[nodiscard]] TestDisk& disk() { return disk_; }
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  TestDisk disk_;
};

// The stream of a slot has its first messages only: the others were in memory.
inline void lose_behind(nats::Connection& connection, std::uint32_t slot, std::uint64_t sequence) {
  nats::JetStream jet_stream = must(nats::JetStream::open(connection, {}));
  const nats::StreamConfig config{.name = SlotLog::stream_name(slot),
                                  .subject = SlotLog::subject(slot),
                                  .replicas = 1,
                                  .max_bytes = std::int64_t{16} * 1024 * 1024};
  std::vector<std::string> kept;
  for (std::uint64_t i = 1; i <= sequence; ++i) {
    kept.push_back(must(jet_stream.message(config, i)).data);
  }
  std::promise<bool> deleted;
  connection.request(fmt::format("$JS.API.STREAM.DELETE.{}", config.name), "", Millis(5'000),
                     [&](const auto& reply) { deleted.set_value(reply.has_value()); });
  if (!deleted.get_future().get()) throw std::runtime_error("the stream cannot be deleted");
  if (kept.empty()) return;
  must(jet_stream.ensure_stream(config));
  for (const std::string& each : kept) must(jet_stream.publish(config.subject, each, {}));
}

}  // namespace gridloom::journal
