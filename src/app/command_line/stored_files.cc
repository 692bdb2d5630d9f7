#include "app/command_line/stored_files.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "base/printable.h"
#include "base/read_file.h"
#include "base/value.h"
#include "history/blocks/chunk.h"
#include "history/blocks/rows.h"
#include "journal/batch.h"
#include "journal/device_event.h"
#include "journal/local/log.h"
#include "journal/turn.h"
#include "time/iso_text.h"
#include "wire/json.h"

namespace gridloom::app {

namespace {

constexpr std::size_t kMaxBlock = std::size_t{1} << 30U;  // bytes

std::string time_text(std::int64_t at_ms) {
  std::string text;
  time::append_utc(text, at_ms, time::Fraction::kAlways);
  return text;
}

// Appends a value as JSON. A value that is not valid JSON (NaN, or bytes that are not UTF-8)
// becomes a string.
void append_json(std::string& out, const Value& value) {
  if (value.is_number || wire::parse_json(value.text)) {
    out += text_of(value);
    return;
  }
  out += '"';
  for (const char c : value.text) {
    const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    }
  }
  out += '"';
}

Status show_rows(std::string_view part) {
  return each_row_line(part, [](std::string_view line) { fmt::print("{}\n", line); });
}

Status show_columns(std::string_view part, bool json) {
  std::vector<std::string> made;
  if (history::is_rows(part)) {
    GL_TRY(auto merged, history::merge(std::span(&part, 1)));
    made = std::move(merged);
    if (!json) fmt::print("bytes: {}, rows of which no block was made yet\n", part.size());
  } else {
    made.emplace_back(part);
  }
  for (const std::string& bytes : made) {
    GL_TRY(const auto block, history::Block::open(bytes));
    if (json) {
      wire::JsonObject object = block_json(block);
      object["bytes"] = bytes.size();
      print_json(object);
    } else {
      fmt::print("bytes: {}\n{}", bytes.size(), block_text(block));
    }
  }
  return {};
}

}  // namespace

std::string block_text(const history::Block& block) {
  std::string text = fmt::format("rows: {}\nfirst: {}\nlast: {}\n\n", block.rows(),
                                 time_text(block.first_at_ms()), time_text(block.last_at_ms()));
  constexpr std::string_view kColumn =
      "{:>8} {:<7} {:>7} {:>12} {:>12} {:>12} {:>14} {:>18} {:>7}\n";
  text += fmt::format(fmt::runtime(kColumn), "FIELD", "KIND", "COUNT", "MIN", "MAX", "LAST", "SUM",
                      "INTEGRAL_MS", "BYTES");
  for (const history::FieldId field : block.fields()) {
    const history::Block::Size size = block.size(field);
    if (const auto numbers = block.statistics(field)) {
      text += fmt::format(fmt::runtime(kColumn), field, "numbers", size.numbers, numbers->min,
                          numbers->max, numbers->last, numbers->sum, numbers->integral,
                          size.number_bytes);
    }
    if (size.texts != 0) {
      text += fmt::format(fmt::runtime(kColumn), field, "texts", size.texts, "", "", "", "", "",
                          size.text_bytes);
    }
  }
  return text;
}

wire::JsonObject block_json(const history::Block& block) {
  wire::JsonArray columns;
  for (const history::FieldId field : block.fields()) {
    const history::Block::Size size = block.size(field);
    wire::JsonObject column{{"field", field}};
    if (const auto numbers = block.statistics(field)) {
      column["numbers"] = wire::JsonObject{
          {"count", size.numbers},     {"min", numbers->min}, {"max", numbers->max},
          {"last", numbers->last},     {"sum", numbers->sum}, {"integral_ms", numbers->integral},
          {"bytes", size.number_bytes}};
    }
    if (size.texts != 0) {
      column["texts"] = wire::JsonObject{{"count", size.texts}, {"bytes", size.text_bytes}};
    }
    columns.push_back(std::move(column));
  }
  return {{"rows", block.rows()},
          {"first_ms", block.first_at_ms()},
          {"last_ms", block.last_at_ms()},
          {"columns", std::move(columns)}};
}

Status each_row_line(std::string_view part, const std::function<void(std::string_view)>& on_line) {
  std::string line;
  return history::each_row(part, [&](std::int64_t at_ms, std::span<const history::Sample> samples) {
    line = fmt::format(R"({{"at_ms":{},"fields":{{)", at_ms);
    for (const history::Sample& sample : samples) {
      line += fmt::format(R"({}"{}":)", &sample == samples.data() ? "" : ",", sample.field);
      append_json(line, sample.value);
    }
    line += "}}";
    on_line(line);
  });
}

int show_block(const std::filesystem::path& file, BlockView view) {
  const auto bytes = read_file(file, kMaxBlock);
  if (!bytes) return report_error(bytes.error());
  const Status shown = view == BlockView::kRows
                           ? show_rows(*bytes)
                           : show_columns(*bytes, view == BlockView::kColumnsAsJson);
  if (shown) return 0;
  fmt::print(stderr, "gridloom: {}: {}\n", file.string(), shown.error().detail);
  return kFailed;
}

std::shared_ptr<void> add_block(CLI::App& app, std::function<int()>& chosen) {
  struct Arguments {
    std::string file;
    bool rows = false;
    bool json = false;
  };
  const auto kept = std::make_shared<Arguments>();
  Arguments& a = *kept;
  CLI::App* block = add_command(app, "block", "Shows a block of history");
  set_group(*block, group::kInspect);
  set_examples(*block, {"gridloom block show hour.block"});
  require_command_below(*block);
  CLI::App* show = add_command(*block, "show", "Shows the contents of a file with one block");
  add_value(*show, "file", a.file, placeholder::kFile, "File with one block").required();
  add_flag(*show, "--rows", a.rows,
           "Print all rows, one line of JSON each, instead of the columns");
  add_json_option(*show, a.json);
  set_examples(*show, {"gridloom block show hour.block", "gridloom block show hour.block --rows"});
  set_action(*show, chosen, [&a] {
    const BlockView columns = a.json ? BlockView::kColumnsAsJson : BlockView::kColumns;
    return show_block(a.file, a.rows ? BlockView::kRows : columns);
  });
  return kept;
}

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
