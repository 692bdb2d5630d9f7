#include "app/command_line/segment.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "base/printable.h"
#include "base/read_file.h"
#include "journal/batch.h"
#include "journal/device_event.h"
#include "journal/local/log.h"
#include "journal/turn.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kMaxSegment = std::size_t{2} << 30U;  // bytes; twice the largest limit

using journal::Record;
using journal::RecordKind;
using journal::SegmentChunk;

std::string kind_of(const Record& record) {
  switch (record.kind) {
    case RecordKind::kReports:
      return "reports";
    case RecordKind::kAudit:
      return "audit";
    case RecordKind::kTurn:
      return "turn";
    case RecordKind::kEvents:
      return "events";
  }
  return fmt::format("kind {}", static_cast<unsigned>(record.kind));
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string content_of_reports(std::string_view batch) {
  journal::BatchReader reader(batch);
  std::size_t rows = 0;
  std::set<DeviceNumber> devices;
  while (const journal::BatchReader::Row* row = reader.next()) {
    ++rows;
    devices.insert(row->device);
  }
  return fmt::format("{} of {}{}", counted(rows, "row"), counted(devices.size(), "device"),
                     reader.failed() ? ", then bytes that are not a batch" : "");
}

std::string content_of_turn(std::string_view payload) {
  const auto turn = journal::read_turn(payload);
  if (!turn) return "bytes that are not a turn";
  const std::string changes = counted(turn->session_changes.size(), "byte") + " of sessions";
  return turn->batch.empty() ? changes : content_of_reports(turn->batch) + ", " + changes;
}

std::string content_of_events(std::string_view payload) {
  const auto events = journal::read_events(payload);
  return events ? counted(events->size(), "event") : "bytes that are no events";
}

}  // namespace

// An audit record is JSON text, but the file may come from anywhere: characters that would move the
// terminal's cursor are shown as dots.
std::string content_of(const Record& record) {
  if (record.kind == RecordKind::kReports) return content_of_reports(record.payload);
  if (record.kind == RecordKind::kTurn) return content_of_turn(record.payload);
  if (record.kind == RecordKind::kEvents) return content_of_events(record.payload);
  if (record.kind != RecordKind::kAudit) return {};
  std::string text(record.payload);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = '.';
  }
  return text;
}

namespace {

void print_chunk_json(const SegmentChunk& part) {
  wire::JsonObject row{{"offset", part.offset}};
  if (part.record) {
    row["sequence"] = part.record->sequence;
    row["kind"] = kind_of(*part.record);
    row["bytes"] = part.record->payload.size();
    if (const std::string content = content_of(*part.record); !content.empty()) {
      row["content"] = printable(content);
    }
  } else {
    row["kind"] = "damaged";
    row["bytes"] = part.size;
  }
  print_json(row);
}

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

int show_segment(const std::filesystem::path& file, bool json) {
  const auto bytes = read_file(file, kMaxSegment);
  if (!bytes) return report_error(bytes.error());
  const auto parts = journal::read_segment(*bytes);
  if (!parts) {
    fmt::print(stderr, "gridloom: {}: {}\n", file.string(), parts.error().detail);
    return 1;
  }
  if (!json) fmt::print("{:>10} {:>20} {:<8} {:>10}\n", "OFFSET", "SEQUENCE", "KIND", "BYTES");
  std::uint64_t places = 0;
  std::uint64_t damaged_bytes = 0;
  for (const SegmentChunk& part : *parts) {
    json ? print_chunk_json(part) : print(part);
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
  struct Arguments {
    std::string file;
    bool json = false;
  };
  const auto kept = std::make_shared<Arguments>();
  Arguments& a = *kept;
  CLI::App* segment = add_command(app, "segment", "Shows a segment file of the log");
  set_group(*segment, group::kInspect);
  set_examples(*segment, {"gridloom segment show data/log/00000000000000000001.log"});
  require_command_below(*segment);
  CLI::App* show =
      add_command(*segment, "show", "Lists the records of a file and its unreadable ranges");
  add_value(*show, "file", a.file, placeholder::kFile, "Segment file of the data folder (.log)")
      .required();
  add_json_option(*show, a.json);
  set_examples(*show, {"gridloom segment show data/log/00000000000000000001.log"});
  set_action(*show, chosen, [&a] { return show_segment(a.file, a.json); });
  return kept;
}

}  // namespace gridloom::app
