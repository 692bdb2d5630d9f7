// Fuzzes the reader with any bytes that have a good checksum: they are either not rows, or rows
// that are read back unchanged after they were written again, and from the blocks made of them.
#include <spdlog/spdlog.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "history/blocks/block_layout.h"
#include "history/blocks/chunk.h"
#include "history/blocks/rows.h"

namespace {

namespace history = gridloom::history;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Report {
  std::int64_t at_ms = 0;
  std::vector<history::FieldId> fields;
  std::string values;

  friend bool operator==(const Report&, const Report&) = default;
};

std::vector<Report> read(std::string_view bytes, bool& failed) {
  std::vector<Report> reports;
  auto reader = history::RowsReader::open(bytes);
  require(reader.has_value());
  while (const auto* row = reader->next()) {
    Report& report = reports.emplace_back();
    report.at_ms = row->at_ms;
    for (const history::Sample& sample : row->samples) {
      report.fields.push_back(sample.field);
      gridloom::append_value(report.values, sample.value);
    }
  }
  failed = reader->failed();
  return reports;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  spdlog::set_level(spdlog::level::off);
  std::string bytes = "GR\x01";
  bytes.append(data, data + size);
  history::append_check(bytes);
  bool failed = false;
  const std::vector<Report> reports = read(bytes, failed);
  const std::string_view chunk = bytes;
  const auto blocks = history::merge(std::span(&chunk, 1));
  require(blocks.has_value() == !failed);
  if (reports.empty()) return 0;

  history::RowsWriter writer;
  for (const Report& report : reports) {
    writer.add(report.at_ms, writer.shapes(), report.fields, report.values);
  }
  const std::string again = writer.finish();
  require(read(again, failed) == reports);
  require(!failed);
  if (!blocks) return 0;
  const std::string_view written = again;
  const auto from_again = history::merge(std::span(&written, 1));
  require(from_again.has_value() && *from_again == *blocks);
  for (const std::string& block : *blocks) require(history::Block::open(block).has_value());
  return 0;
}
