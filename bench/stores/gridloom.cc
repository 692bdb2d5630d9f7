// Gridloom's history as the server has it: batches, log, builder and store, in one process, with a
// clock that follows the stream.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "history/archive.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "journal/batch.h"
#include "journal/local/log.h"
#include "stores/data.h"
#include "stores/database.h"
#include "stores/stores.h"
#include "stores/stream.h"

namespace gridloom::bench {
namespace {

using history::Archive;
using journal::RecordKind;

// So many reports at least between two moves of the clock.
constexpr std::size_t kReportsAStep = 50'000;

class StreamClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return TimePoint(Millis(at_ms_.load())); }
  void set(std::int64_t at_ms) { at_ms_ = at_ms; }

 private:
  std::atomic<std::int64_t> at_ms_{DeviceStream::kStart_ms};
};

// Like a shard: reports become a batch, which is appended whole.
class Shard {
 public:
  explicit Shard(const Data& data) : data_(data), refs_(DeviceStream::kFields) {
    for (std::uint32_t field = 0; field < DeviceStream::kFields; ++field) {
      names_.push_back(DeviceStream::name(field));
    }
  }

  void add(const Report& report) {
    writer_.begin(report.device + 1, report.at_ms);
    data_.each_sample(report, [this](std::uint32_t field, std::string_view json) {
      writer_.add(refs_[field], names_[field], json);
    });
    writer_.end();
  }
  [[nodiscard]] std::string take() {
    ++appended_;
    return writer_.take();
  }
  [[nodiscard]] Task durable() {
    return [this] {
      ++durable_;
      durable_.notify_one();
    };
  }
  void wait_for_all() {
    for (std::uint64_t seen = durable_; seen != appended_; seen = durable_) durable_.wait(seen);
  }
  [[nodiscard]] std::uint64_t commits() const { return appended_; }

 private:
  const Data& data_;
  std::vector<journal::NameRef> refs_;
  std::vector<std::string> names_;
  journal::BatchWriter writer_;
  std::uint64_t appended_ = 0;
  std::atomic<std::uint64_t> durable_{0};
};

struct Figures {
  double wall_s = 0;
  double cpu_s = 0;
  double builder_cpu_s = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t written_bytes = 0;
};

void print(const Data& data, const Figures& figures) {
  fmt::print(R"({{"samples":{},"reports":{},"wall_s":{:.3f},"cpu_s":{:.3f},"builder_cpu_s":{:.3f},)"
             R"("disk_bytes":{},"written_bytes":{}}})"
             "\n",
             data.count, data.reports.size(), figures.wall_s, figures.cpu_s, figures.builder_cpu_s,
             figures.disk_bytes, figures.written_bytes);
}

// Measures itself from when it is made.
class Meter {
 public:
  [[nodiscard]] Figures figures() const {
    return {.wall_s = wall_time_s() - wall_s_,
            .cpu_s = processor_time_s(Whose::kProcess) - cpu_s_,
            .written_bytes = bench::written_bytes() - written_bytes_};
  }

 private:
  double wall_s_ = wall_time_s();
  double cpu_s_ = processor_time_s(Whose::kProcess);
  std::uint64_t written_bytes_ = bench::written_bytes();
};

// Without `stores`, history.db in the folder.
std::unique_ptr<Archive> open(const std::filesystem::path& folder, const Clock& clock,
                              const history::ArchiveLimits& limits,
                              std::shared_ptr<history::StoreFactory> stores = {}) {
  auto archive = Archive::open(
      {.data = folder, .stores = std::move(stores), .clock = &clock, .limits = limits});
  if (!archive) give_up(archive.error().detail);
  return std::move(*archive);
}

// Waits until the builder has all records: a reader then sees all durable data.
void settle(Archive& archive, Shard& shard) {
  shard.wait_for_all();
  std::binary_semaphore done(0);
  require(archive.read([&](history::Reader&) { done.release(); }), "the archive answers nothing");
  done.acquire();
}

// The archive and who feeds it. In the server the clock moves while little waits; here hours pass
// in milliseconds, so the clock waits for the builder.
class Feeder {
 public:
  Feeder(const Data& data, const std::filesystem::path& folder,
         std::shared_ptr<history::StoreFactory> stores)
      : shard_(data), archive_(open(folder, clock_, {}, std::move(stores))) {
    archive_->start([this] {
      builder_cpu_s_ = processor_time_s(Whose::kThread);
      return std::vector<history::StoredTwin>();
    });
  }

  void feed(const Data& data) {
    std::size_t in_batch = 0;
    std::size_t in_step = 0;
    std::int64_t hour = history::hour_of(DeviceStream::kStart_ms);
    for (const Report& report : data.reports) {
      const std::int64_t of = history::hour_of(report.at_ms);
      if (of != hour && in_step >= kReportsAStep) {
        append(std::exchange(in_batch, 0));
        settle(*archive_, shard_);
        clock_.set(of * kHour_ms + history::RecorderLimits{}.grace.count());
        in_step = 0;
      }
      hour = of;
      shard_.add(report);
      ++in_step;
      if (++in_batch == kReportsACommit) append(std::exchange(in_batch, 0));
    }
    append(in_batch);
    settle(*archive_, shard_);
    clock_.set((hour + 2) * kHour_ms);
  }
  // Nothing is left to do.
  [[nodiscard]] double end() {
    archive_->stop();
    archive_.reset();
    return builder_cpu_s_;
  }

 private:
  void append(std::size_t reports) {
    if (reports == 0) return;
    if (archive_->behind()) shard_.wait_for_all();
    archive_->append(RecordKind::kReports, shard_.take(), shard_.durable());
  }

  StreamClock clock_;
  Shard shard_;
  std::atomic<double> builder_cpu_s_{0};
  std::unique_ptr<Archive> archive_;
};

}  // namespace

void fill_gridloom(const Data& data, const std::filesystem::path& folder) {
  const Meter meter;
  Feeder feeder(data, folder, {});
  feeder.feed(data);
  Figures figures = meter.figures();
  figures.builder_cpu_s = feeder.end();
  figures.disk_bytes = std::filesystem::file_size(folder / "history.db");
  print(data, figures);
}

void fill_postgres(const Data& data, const std::filesystem::path& folder) {
  Database database(folder);
  const std::uint64_t written = database.log_bytes();
  const Meter meter;
  Feeder feeder(data, database.data(), database.stores());
  feeder.feed(data);
  Figures figures = meter.figures();
  figures.builder_cpu_s = feeder.end();
  figures.disk_bytes = database.table_bytes();
  figures.written_bytes = database.log_bytes() - written;
  print(data, figures);
}

void fill_log(const Data& data, const std::filesystem::path& folder) {
  auto disk = journal::open_folder(folder);
  if (!disk) give_up(disk.error().detail);
  auto log = journal::Log::open({.disk = disk->get()}, 0, [](const journal::Record&) {});
  if (!log) give_up(log.error().detail);
  Shard shard(data);
  const Meter meter;
  std::size_t in_batch = 0;
  for (const Report& report : data.reports) {
    shard.add(report);
    if (++in_batch < kReportsACommit && &report != &data.reports.back()) continue;
    in_batch = 0;
    if ((*log)->behind()) shard.wait_for_all();
    (*log)->append(RecordKind::kReports, shard.take(), shard.durable());
  }
  shard.wait_for_all();
  Figures figures = meter.figures();
  figures.disk_bytes = size_of(folder);
  print(data, figures);
}

namespace {

constexpr std::int64_t kPeriod_ms = 60'000;  // of fill_hours()
constexpr std::size_t kHoursACommit = 1000;

std::string block_of_next_hour(DeviceStream& stream, std::int64_t until_ms, std::int64_t move_ms) {
  history::BlockWriter writer;
  std::vector<history::Sample> samples;
  std::int64_t due_ms = 0;
  while (stream.at_ms() < until_ms) {
    const auto readings = stream.next();
    if (stream.at_ms() < due_ms) continue;
    due_ms = stream.at_ms() + kPeriod_ms - DeviceStream::kPeriod_ms / 2;
    samples.clear();
    for (const Reading& reading : readings) {
      samples.push_back(
          {.field = reading.field,
           .value = {.is_number = true, .number = {.digits = reading.tenths, .scale = 1}}});
    }
    writer.add(stream.at_ms() + move_ms, samples);
  }
  return writer.finish();
}

}  // namespace

void fill_hours(const Fleet& fleet, const std::filesystem::path& folder) {
  const auto stores = history::sqlite_store_factory(folder);
  const auto opened = stores->open();
  if (!opened) give_up(opened.error().detail);
  history::Store& store = *opened->store;
  const auto now_ms =
      std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch());
  const std::int64_t first_hour = history::hour_of(now_ms.count()) - fleet.hours;
  const std::int64_t move_ms = first_hour * kHour_ms - DeviceStream::kStart_ms;
  history::Changes changes;
  for (std::uint32_t field = 0; field < DeviceStream::kFields; ++field) {
    changes.names.emplace_back(field, DeviceStream::name(field));
  }
  const auto write = [&] {
    const Status written = store.write(std::exchange(changes, {}));
    if (!written) give_up(written.error().detail);
  };
  std::vector<DeviceStream> streams;
  for (std::uint32_t device = 0; device < fleet.devices; ++device) streams.emplace_back(1, device);
  // As a server writes them: all devices of an hour, then the next hour.
  for (std::int64_t i = 0; i < fleet.hours; ++i) {
    const std::int64_t until_ms = DeviceStream::kStart_ms + (i + 1) * kHour_ms;
    for (std::uint32_t device = 0; device < fleet.devices; ++device) {
      changes.hours.push_back({.of = {.device = device + 1, .hour = first_hour + i},
                               .chunks = {block_of_next_hour(
                                   streams[device], until_ms - DeviceStream::kPeriod_ms, move_ms)},
                               .over = true});
      if (changes.hours.size() == kHoursACommit) write();
    }
  }
  write();
  fmt::print(R"({{"blocks":{},"disk_bytes":{}}})"
             "\n",
             fleet.devices * fleet.hours, size_of(folder));
}

namespace {

struct Answer {
  std::uint64_t count = 0;
  double sum = 0;
};

enum class Query : std::uint8_t { kSeries, kSum };

// A block at a time, as the server answers.
Answer ask(history::Reader& reader, std::int64_t device, Query query) {
  Answer answer;
  std::vector<history::Point> points;
  const auto field = reader.names().find(DeviceStream::name(kAsked));
  require(field.has_value(), "nothing is known of the field");
  const auto add_points = [&](const history::Block& block) -> Status {
    points.clear();
    if (Status read = block.numbers(*field, points); !read) return read;
    for (const history::Point& point : points) answer.sum += point.value;
    answer.count += points.size();
    return {};
  };
  const auto add_sum = [&](const history::Block& block) -> Status {
    if (const auto statistics = block.statistics(*field)) {
      answer.count += statistics->count;
      answer.sum += statistics->sum;
    }
    return {};
  };
  const std::int64_t from = history::hour_of(DeviceStream::kStart_ms);
  const Status read = reader.each_block(
      device, from, from + kWeekHours, [&](std::int64_t, const history::Block& block) {
        return query == Query::kSeries ? add_points(block) : add_sum(block);
      });
  require(read.has_value(), "a week cannot be read");
  return answer;
}

struct Timed {
  double ms = 0;
  Answer answer;
};

Timed timed(Archive& archive, std::int64_t device, Query query) {
  Timed timed;
  std::binary_semaphore done(0);
  const double begin_s = wall_time_s();
  const bool taken = archive.read([&](history::Reader& reader) {
    timed.answer = ask(reader, device, query);
    done.release();
  });
  require(taken, "the archive answers nothing");
  done.acquire();
  timed.ms = (wall_time_s() - begin_s) * 1e3;
  return timed;
}

}  // namespace

namespace {

void read_warm(Archive& archive, Query query, Readings& readings) {
  const bool series = query == Query::kSeries;
  for (int run = 0; run < kWarmRuns; ++run) {
    const Timed one = timed(archive, 1, query);
    (series ? readings.warm_series_ms : readings.warm_sum_ms).push_back(one.ms);
    (series ? readings.series_sum : readings.sum) = one.answer.sum;
    readings.count = one.answer.count;
  }
}

}  // namespace

void read_postgres(const std::filesystem::path& folder, std::uint32_t /*devices*/) {
  const StreamClock clock;
  const Database database(folder);
  Readings readings;
  const auto archive = open(database.data(), clock, {}, database.stores());
  for (const Query query : {Query::kSeries, Query::kSum}) read_warm(*archive, query, readings);
  print(readings);
}

void read_gridloom(const std::filesystem::path& folder, std::uint32_t devices) {
  const StreamClock clock;
  Readings readings;
  for (const Query query : {Query::kSeries, Query::kSum}) {
    const bool series = query == Query::kSeries;
    for (std::uint32_t device = 0; device < devices; ++device) {
      const auto archive = open(folder, clock, {});
      drop_cache(folder);
      (series ? readings.cold_series_ms : readings.cold_sum_ms)
          .push_back(timed(*archive, device + 1, query).ms);
    }
    const auto archive = open(folder, clock, {});
    read_warm(*archive, query, readings);
  }
  print(readings);
}

// Each report comes alone, as its device sends it; what comes within `group_ms` of a commit waits
// for the next, as CommitRule has it. The log's own wait is short, so that hours pass in seconds.
void measure_home(const std::filesystem::path& folder, const Home& home) {
  const Data data({.devices = home.devices, .hours = home.hours, .week_devices = 0});
  StreamClock clock;
  history::ArchiveLimits limits;
  limits.log.commit = Millis(1);
  Shard shard(data);
  const std::uint64_t before = written_bytes();
  auto archive = open(folder, clock, limits);
  archive->start([&] {
    std::vector<history::StoredTwin> twins(home.devices);
    for (std::uint32_t i = 0; i < home.devices; ++i) {
      twins[i] = {.device = i + 1, .sn = "R331ZEB4ZEAL0528", .text = std::string(kTwin_bytes, 'x')};
    }
    return twins;
  });
  std::uint64_t commits = 0;
  std::int64_t due_ms = DeviceStream::kStart_ms;
  bool waits = false;
  const auto commit = [&](std::int64_t at_ms) {
    settle(*archive, shard);
    ++commits;
    due_ms = at_ms + home.group_ms;
    waits = false;
  };
  for (const Report& report : data.reports) {
    if (waits && report.at_ms >= due_ms) commit(due_ms);
    clock.set(report.at_ms);
    shard.add(report);
    archive->append(RecordKind::kReports, shard.take(), shard.durable());
    waits = true;
    if (report.at_ms >= due_ms) commit(report.at_ms);
  }
  settle(*archive, shard);
  const std::uint64_t while_running = written_bytes() - before;
  archive->stop();
  archive.reset();
  fmt::print(
      R"({{"samples":{},"reports":{},"commits":{},"written_bytes":{},"written_at_end_bytes":{}}})"
      "\n",
      data.count, data.reports.size(), commits + (waits ? 1 : 0), while_running,
      written_bytes() - before - while_running);
}

}  // namespace gridloom::bench
