// Input: any bytes. They are rejected, or give rows that are the same after writing and reading
// them again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/batch.h"

namespace {

namespace journal = gridloom::journal;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Report {
  gridloom::DeviceNumber device = 0;
  std::int64_t at_ms = 0;
  std::vector<std::pair<std::string, std::string>> fields;

  friend bool operator==(const Report&, const Report&) = default;
};

std::vector<Report> read(std::string_view bytes, bool& failed) {
  std::vector<Report> reports;
  journal::BatchReader reader(bytes);
  while (const auto* row = reader.next()) {
    Report report{.device = row->device, .at_ms = row->at_ms, .fields = {}};
    for (const auto& field : reader.fields()) {
      report.fields.emplace_back(reader.names().at(field.name), text_of(field.value));
    }
    if (!reader.failed()) reports.push_back(std::move(report));
  }
  failed = reader.failed();
  return reports;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  bool failed = false;
  const std::vector<Report> reports = read(bytes, failed);
  if (reports.empty()) return 0;

  journal::BatchWriter writer;
  for (const Report& report : reports) {
    writer.begin(report.device, report.at_ms);
    for (const auto& [name, json] : report.fields) writer.add(name, json);
    writer.end();
  }
  const std::string again = writer.take();
  require(read(again, failed) == reports);
  require(!failed);
  return 0;
}
