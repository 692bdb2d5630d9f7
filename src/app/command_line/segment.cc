#include "app/command_line/segment.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include "base/read_file.h"
#include "history/log/batch.h"
#include "history/log/log.h"
#include "history/log/turn.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kMaxSegment = std::size_t{2} << 30U;  // bytes; twice the largest limit

using history::Record;
using history::RecordKind;
using history::SegmentChunk;

std::string kind_of(const Record& record) {
  switch (record.kind) {
    case RecordKind::kReports:
      return "reports";
    case RecordKind::kAudit:
      return "audit";
    case RecordKind::kTurn:
      return "turn";
  }
  return fmt::format("kind {}", static_cast<unsigned>(record.kind));
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string content_of_reports(std::string_view batch) {
  history::BatchReader reader(batch);
  std::size_t rows = 0;
  std::set<history::DeviceNumber> devices;
  while (const history::BatchReader::Row* row = reader.next()) {
    ++rows;
    devices.insert(row->device);
  }
  return fmt::format("{} of {}{}", counted(rows, "row"), counted(devices.size(), "device"),
                     reader.failed() ? ", then bytes that are not a batch" : "");
}

std::string content_of_turn(std::string_view payload) {
  const auto turn = history::read_turn(payload);
  if (!turn) return "bytes that are not a turn";
  const std::string changes = counted(turn->session_changes.size(), "byte") + " of sessions";
  return turn->batch.empty() ? changes : content_of_reports(turn->batch) + ", " + changes;
}

}  // namespace

// An audit record is JSON text, but the file may come from anywhere: characters that would move the
// terminal's cursor are shown as dots.
std::string content_of(const Record& record) {
  if (record.kind == RecordKind::kReports) return content_of_reports(record.payload);
  if (record.kind == RecordKind::kTurn) return content_of_turn(record.payload);
  if (record.kind != RecordKind::kAudit) return {};
  std::string text(record.payload);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = '.';
  }
  return text;
}

namespace {

void print(const SegmentChunk& part) {
  if (!part.record) {
    fmt::print("{:>10} {:>20} {:<8} {:>10}\n", part.offset, "-", "DAMAGED", part.size);
    return;
  }
  const std::string content = content_of(*part.record);
  fmt::print("{:>10} {:>20} {:<8} {:>10}{}{}\n", part.offset, part.record->sequence,
             kind_of(*part.record), part.record->payload.size(), content.empty() ? "" : "  ",
             content);
}

}  // namespace

int show_segment(const std::filesystem::path& file) {
  const auto bytes = read_file(file, kMaxSegment);
  if (!bytes) {
    fmt::print(stderr, "gridloom: {}\n", bytes.error().detail);
    return 1;
  }
  const auto parts = history::read_segment(*bytes);
  if (!parts) {
    fmt::print(stderr, "gridloom: {}: {}\n", file.string(), parts.error().detail);
    return 1;
  }
  fmt::print("{:>10} {:>20} {:<8} {:>10}\n", "OFFSET", "SEQUENCE", "KIND", "BYTES");
  std::uint64_t places = 0;
  std::uint64_t damaged_bytes = 0;
  for (const SegmentChunk& part : *parts) {
    print(part);
    if (part.record) continue;
    ++places;
    damaged_bytes += part.size;
  }
  if (places == 0) return 0;
  fmt::print(stderr, "gridloom: {}: {} bytes in {} places are not a record\n", file.string(),
             damaged_bytes, places);
  return 1;
}

std::shared_ptr<void> add_segment(CLI::App& app, std::function<int()>& chosen) {
  const auto file = std::make_shared<std::string>();
  CLI::App* segment = app.add_subcommand("segment", "Inspects segment files of the log");
  segment->require_subcommand(1);
  CLI::App* show =
      segment->add_subcommand("show", "Lists the records of a file and its unreadable ranges");
  show->add_option("file", *file, "Segment file of the data folder (.log)")->required();
  show->callback([file, &chosen] { chosen = [file] { return show_segment(*file); }; });
  return file;
}

}  // namespace gridloom::app
