// The first byte selects the kind of the rest: the bytes of a block, changes to apply to a valid
// block, or rows to write. Everything that can be read can be written again, and then reads the
// same. The checksum is corrected first, so that the code behind it is tested.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "history/blocks/block.h"
#include "history/blocks/block_layout.h"
#include "history/blocks/chunk.h"

namespace {

namespace history = gridloom::history;

void require(bool holds) {
  if (!holds) std::abort();
}

// Calls every function of a block. True: each column could be read.
bool use(const history::Block& block) {
  bool good = true;
  std::vector<std::int64_t> times;
  good = block.times(times).has_value() && good;
  for (const history::FieldId field : block.fields()) {
    std::vector<history::Point> points;
    std::vector<history::Block::Timed> values;
    const bool all = block.numbers(field, points) && block.values(field, values);
    const auto statistics = block.statistics(field);
    if (all) require(values.size() == block.size(field).numbers + block.size(field).texts);
    if (all && statistics) require(statistics->count == points.size());
    good = all && good;
  }
  return good;
}

// Reads a block whose checksum is missing.
void read(std::string bytes) {
  history::append_check(bytes);
  const auto block = history::Block::open(bytes);
  if (!block) return;
  if (!use(*block) || block->rows() > 4096) return;
  const std::vector<std::string_view> chunks = {bytes};
  const auto again = history::merge(chunks);
  if (!again || again->size() != 1) return;  // rows without fields
  const auto written = history::Block::open(again->front());
  require(written.has_value());
  require(use(*written));
  require(written->rows() == block->rows());
  const std::vector<std::string_view> once_more = {again->front()};
  const auto third = history::merge(once_more);
  require(third.has_value() && *third == *again);
}

std::string without_check(std::string block) {
  block.resize(block.size() - history::kCheck_bytes);
  return block;
}

// Decodes rows: a time difference, then fields and values until a field that does not ascend.
std::string write(gridloom::Cursor& from) {
  history::BlockWriter writer;
  std::int64_t at_ms = 0;
  std::vector<history::Sample> samples;
  do {
    at_ms = gridloom::wrapping_sum(at_ms, from.signed_varint());
    samples.clear();
    for (std::uint64_t n = from.varint() % 16; n > 0 && !from.at_end(); --n) {
      samples.push_back(
          {.field = static_cast<history::FieldId>(from.varint()), .value = from.value()});
    }
    writer.add(at_ms, samples);
  } while (!from.at_end());
  return writer.finish();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string all(data, data + size);
  gridloom::Cursor cursor(all);
  const std::uint64_t kind = cursor.varint() % 3;
  if (kind == 0) {
    read(std::string(cursor.rest()));
    return 0;
  }
  if (kind == 1) {
    const std::string bytes = write(cursor);
    const auto block = history::Block::open(bytes);
    require(block.has_value() && use(*block));
    read(without_check(bytes));
    return 0;
  }
  // Input: the number of changes, their places and values; then the rows of the block to change.
  const std::string_view changes = cursor.bytes(cursor.varint() % 64);
  std::string bytes = without_check(write(cursor));
  for (std::size_t i = 0; i + 2 < changes.size(); i += 3) {
    const auto high = static_cast<std::uint8_t>(changes[i]);
    const auto low = static_cast<std::uint8_t>(changes[i + 1]);
    char& changed = bytes[(std::size_t{high} * 256 + low) % bytes.size()];
    changed = static_cast<char>(static_cast<std::uint8_t>(changed) ^
                                static_cast<std::uint8_t>(changes[i + 2]));
  }
  read(std::move(bytes));
  return 0;
}
