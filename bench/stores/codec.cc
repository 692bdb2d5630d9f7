// Usage: history_codec [DEVICES [HOURS]]
//
// Cost of batches and blocks: bytes and nanoseconds per sample, one thread, on the data of
// stream.h. Each figure is the best of three runs.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "history/blocks/block.h"
#include "journal/batch.h"
#include "stores/stream.h"

namespace {

using gridloom::bench::append_json;
using gridloom::bench::DeviceStream;
using gridloom::bench::Reading;
namespace history = gridloom::history;
namespace journal = gridloom::journal;

constexpr std::int64_t kHour_ms = 3'600'000;

struct Report {
  std::uint32_t device = 0;
  std::int64_t at_ms = 0;
  std::size_t begin = 0;  // in samples
  std::size_t count = 0;
};

struct Data {
  std::vector<Report> reports;
  std::vector<history::Sample> samples;
  std::vector<std::string> json;  // of each sample
};

Data make(std::uint32_t devices, std::int64_t hours) {
  Data data;
  for (std::uint32_t device = 0; device < devices; ++device) {
    DeviceStream stream(1, device);
    for (;;) {
      const std::span<const Reading> readings = stream.next();
      if (stream.at_ms() >= DeviceStream::kStart_ms + hours * kHour_ms) break;
      data.reports.push_back({device, stream.at_ms(), data.samples.size(), readings.size()});
      for (const Reading& reading : readings) {
        append_json(data.json.emplace_back(), reading);
        data.samples.push_back(
            {.field = reading.field, .value = gridloom::value_of(data.json.back())});
      }
    }
  }
  return data;
}

// CPU time, because other processes may use the machine.
double processor_time_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double best_of_three(const std::function<void()>& work) {
  double best_s = 1e9;
  for (int run = 0; run < 3; ++run) {
    const double begin_s = processor_time_s();
    work();
    best_s = std::min(best_s, processor_time_s() - begin_s);
  }
  return best_s;
}

void require(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "history_codec: {}\n", what);
  std::exit(1);
}

struct Figures {
  std::string name;
  std::size_t samples = 0;
  std::size_t bytes = 0;
  double write_s = 0;
  double read_s = 0;
};

void print(const Figures& figures) {
  const auto samples = static_cast<double>(figures.samples);
  fmt::print(
      "{:<28} {:>6.3f} B/sample  write {:>6.1f} ns ({:>5.1f} M/s)  read {:>6.1f} ns ({:>5.1f} "
      "M/s)\n",
      figures.name, static_cast<double>(figures.bytes) / samples, figures.write_s / samples * 1e9,
      samples / figures.write_s / 1e6, figures.read_s / samples * 1e9,
      samples / figures.read_s / 1e6);
}

// The reports of all devices in the order of their times, as a shard gets them.
void measure_batches(const Data& data, std::size_t reports_in_a_batch) {
  std::vector<Report> reports = data.reports;
  std::ranges::sort(reports, {},
                    [](const Report& each) { return std::pair(each.at_ms, each.device); });
  std::vector<journal::NameRef> refs(DeviceStream::kFields);
  std::vector<std::string> names;
  for (std::uint32_t field = 0; field < DeviceStream::kFields; ++field) {
    names.push_back(DeviceStream::name(field));
  }
  journal::BatchWriter writer;
  std::vector<std::string> batches;
  Figures figures{.name = fmt::format("batches of {}", reports_in_a_batch),
                  .samples = data.samples.size()};
  figures.write_s = best_of_three([&] {
    batches.clear();
    for (std::size_t i = 0; i < reports.size(); ++i) {
      const Report& report = reports[i];
      writer.begin(report.device, report.at_ms);
      for (std::size_t k = report.begin; k < report.begin + report.count; ++k) {
        const std::uint32_t field = data.samples[k].field;
        writer.add(refs[field], names[field], data.json[k]);
      }
      writer.end();
      if ((i + 1) % reports_in_a_batch == 0 || i + 1 == reports.size()) {
        batches.push_back(writer.take());
      }
    }
  });
  std::size_t seen = 0;
  figures.read_s = best_of_three([&] {
    seen = 0;
    for (const std::string& batch : batches) {
      journal::BatchReader reader(batch);
      while (reader.next() != nullptr) seen += reader.fields().size();
      require(!reader.failed(), "a batch cannot be read");
    }
  });
  require(seen == data.samples.size(), "a batch lost samples");
  for (const std::string& batch : batches) figures.bytes += batch.size();
  print(figures);
}

std::vector<std::string> write_blocks(const Data& data) {
  std::vector<std::string> blocks;
  history::BlockWriter writer;
  std::uint32_t device = 0;
  std::int64_t hour = 0;
  for (const Report& report : data.reports) {
    const bool other = report.device != device || report.at_ms / kHour_ms != hour;
    if (other && !writer.empty()) blocks.push_back(writer.finish());
    device = report.device;
    hour = report.at_ms / kHour_ms;
    writer.add(report.at_ms, std::span(data.samples).subspan(report.begin, report.count));
  }
  blocks.push_back(writer.finish());
  return blocks;
}

// One field after the other, as a query reads them.
void measure_columns(const std::vector<std::string>& blocks, Figures& figures) {
  std::vector<history::Point> points;
  std::size_t seen = 0;
  double sum = 0;
  figures.read_s = best_of_three([&] {
    seen = 0;
    for (const std::string& bytes : blocks) {
      const auto block = history::Block::open(bytes);
      require(block.has_value(), "a block cannot be opened");
      for (const history::FieldId field : block->fields()) {
        points.clear();
        require(block->numbers(field, points).has_value(), "a column cannot be read");
        seen += points.size();
        sum += points.back().value;
      }
    }
  });
  require(seen == figures.samples && sum != 0, "a block lost samples");
}

void measure_blocks(const Data& data) {
  std::vector<std::string> blocks;
  Figures figures{.name = "blocks, column by column", .samples = data.samples.size()};
  figures.write_s = best_of_three([&] { blocks = write_blocks(data); });
  for (const std::string& block : blocks) figures.bytes += block.size();
  measure_columns(blocks, figures);
  print(figures);

  std::size_t seen = 0;
  figures.name = "blocks, all rows";
  figures.read_s = best_of_three([&] {
    seen = 0;
    for (const std::string& bytes : blocks) {
      const auto status = history::Block::open(bytes)->each_row(
          [&](std::int64_t, auto row) { seen += row.size(); });
      require(status.has_value(), "a block cannot be read");
    }
  });
  require(seen == data.samples.size(), "a block lost samples");
  print(figures);

  double sum = 0;
  const double statistics_s = best_of_three([&] {
    for (const std::string& bytes : blocks) {
      sum += history::Block::open(bytes)->statistics(0)->integral;
    }
  });
  fmt::print("statistics of a field: {:.2f} us a block\n",
             statistics_s / static_cast<double>(blocks.size()) * 1e6);
  require(sum != 0, "no statistics");
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  const auto number = [&](std::size_t i, std::uint32_t otherwise) {
    if (i >= arguments.size()) return otherwise;
    std::uint32_t number = 0;
    const std::string_view text = arguments[i];
    const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
    require(error == std::errc() && end == text.end() && number > 0, "arguments are counts");
    return number;
  };
  const Data data = make(number(0, 200), number(1, 2));
  fmt::print("{} reports, {} samples, {:.1f} a report\n", data.reports.size(), data.samples.size(),
             static_cast<double>(data.samples.size()) / static_cast<double>(data.reports.size()));
  for (const std::size_t reports : {1U, 16U, 1000U}) measure_batches(data, reports);
  measure_blocks(data);
  return 0;
}
