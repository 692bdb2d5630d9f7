#include "history/blocks/chunk.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "history/blocks/rows.h"

namespace gridloom::history {
namespace {

Status each_row_of_rows(std::string_view chunk, const Block::OnRow& on_row) {
  GL_TRY(auto reader, RowsReader::open(chunk));
  while (const RowsReader::Row* row = reader.next()) on_row(row->at_ms, row->samples);
  if (reader.failed()) return fail(ErrorCode::kMalformed, "rows that cannot be read to their end");
  if (reader.malformed() != 0) {
    spdlog::error("{} reports whose values do not match their fields are left out",
                  reader.malformed());
  }
  return {};
}

// Adds one row with every field once.
void add_names(RowsReader& reader, BlockWriter& writer) {
  std::set<FieldId> fields;
  std::int64_t at_ms = 0;
  std::size_t shapes = 0;
  while (const RowsReader::Row* row = reader.next()) {
    at_ms = row->at_ms;
    if (row->shape < shapes) continue;
    shapes = row->shape + 1;
    for (const Sample& sample : row->samples) fields.insert(sample.field);
  }
  std::vector<Sample> samples;
  samples.reserve(fields.size());
  for (const FieldId field : fields) samples.push_back({.field = field, .value = {}});
  for (Sample& sample : samples) sample.value.is_number = true;
  if (!samples.empty()) writer.add(at_ms, samples);
}

// Collects rows with the selected columns and passes them on as a block whenever one is full.
class Projection {
 public:
  Projection(const Columns& columns, const OnOneBlock& on_block)
      : columns_(columns), on_block_(on_block) {}

  Status add(const RowsReader::Row& row) {
    if (row.shape >= wanted_.size()) wanted_.resize(row.shape + 1);
    std::vector<bool>& wanted = wanted_[row.shape];
    if (wanted.empty()) {
      for (const Sample& sample : row.samples) wanted.push_back(columns_.wanted(sample.field));
    }
    samples_.clear();
    for (std::size_t i = 0; i < row.samples.size(); ++i) {
      if (wanted[i]) samples_.push_back(row.samples[i]);
    }
    if (samples_.size() < row.samples.size()) {
      samples_.push_back({.field = kOtherColumns, .value = {.is_number = true}});
    }
    if (writer_.full()) {
      GL_TRY(give());
    }
    writer_.add(row.at_ms, samples_);
    return {};
  }
  Status give() {
    if (writer_.empty()) return {};
    const std::string bytes = writer_.finish(Packing::kRaw);
    GL_TRY(const auto block, Block::open(bytes));
    return on_block_(block);
  }

 private:
  const Columns& columns_;
  const OnOneBlock& on_block_;
  BlockWriter writer_;
  std::vector<std::vector<bool>> wanted_;  // by shape
  std::vector<Sample> samples_;
};

Status give_all(std::span<const std::string> blocks, const OnOneBlock& on_block) {
  for (const std::string& bytes : blocks) {
    GL_TRY(const auto block, Block::open(bytes));
    GL_TRY(on_block(block));
  }
  return {};
}

}  // namespace

Status each_block_of(std::string_view chunk, const Columns& columns, const OnOneBlock& on_block) {
  if (!is_rows(chunk)) {
    const auto block = Block::open(chunk);
    return block ? on_block(*block) : std::unexpected(block.error());
  }
  if (!columns.names_only && !columns.wanted) {
    const auto blocks = merge(std::span(&chunk, 1), Packing::kRaw);
    return blocks ? give_all(*blocks, on_block) : std::unexpected(blocks.error());
  }
  GL_TRY(auto reader, RowsReader::open(chunk));
  if (columns.names_only) {
    BlockWriter writer;
    add_names(reader, writer);
    if (reader.failed()) {
      return fail(ErrorCode::kMalformed, "rows that cannot be read to their end");
    }
    if (writer.empty()) return {};
    const std::string bytes = writer.finish(Packing::kRaw);
    return give_all(std::span(&bytes, 1), on_block);
  }
  Projection projection(columns, on_block);
  while (const RowsReader::Row* row = reader.next()) {
    GL_TRY(projection.add(*row));
  }
  if (reader.failed()) return fail(ErrorCode::kMalformed, "rows that cannot be read to their end");
  return projection.give();
}

Status each_row(std::string_view chunk, const Block::OnRow& on_row) {
  if (is_rows(chunk)) return each_row_of_rows(chunk, on_row);
  GL_TRY(const auto block, Block::open(chunk));
  return block.each_row(on_row);
}

Result<std::vector<std::string>> merge(std::span<const std::string_view> chunks, Packing most) {
  std::vector<std::string> blocks;
  BlockWriter writer;
  for (const std::string_view chunk : chunks) {
    const auto add = [&](std::int64_t at_ms, std::span<const Sample> samples) {
      if (writer.full()) blocks.push_back(writer.finish(most));
      writer.add(at_ms, samples);
    };
    GL_TRY(each_row(chunk, add));
  }
  if (!writer.empty()) blocks.push_back(writer.finish(most));
  return blocks;
}

}  // namespace gridloom::history
