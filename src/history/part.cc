#include "history/part.h"

#include <spdlog/spdlog.h>

#include "history/rows.h"

namespace gridloom::history {
namespace {

Status each_row_of_rows(std::string_view part, const Block::OnRow& on_row) {
  auto reader = RowsReader::open(part);
  if (!reader) return std::unexpected(reader.error());
  while (const RowsReader::Row* row = reader->next()) on_row(row->at_ms, row->samples);
  if (reader->failed()) return fail(FaultKind::kMalformed, "rows that cannot be read to their end");
  if (reader->malformed() != 0) {
    spdlog::error("{} reports with values of no field are left out", reader->malformed());
  }
  return {};
}

}  // namespace

Status each_row(std::string_view part, const Block::OnRow& on_row) {
  if (is_rows(part)) return each_row_of_rows(part, on_row);
  const auto block = Block::open(part);
  if (!block) return std::unexpected(block.error());
  return block->each_row(on_row);
}

Result<std::vector<std::string>> merge(std::span<const std::string_view> parts, Packing most) {
  std::vector<std::string> blocks;
  BlockWriter writer;
  for (const std::string_view part : parts) {
    const auto add = [&](std::int64_t at_ms, std::span<const Sample> samples) {
      if (writer.full()) blocks.push_back(writer.finish(most));
      writer.add(at_ms, samples);
    };
    if (Status read = each_row(part, add); !read) return std::unexpected(read.error());
  }
  if (!writer.empty()) blocks.push_back(writer.finish(most));
  return blocks;
}

}  // namespace gridloom::history
