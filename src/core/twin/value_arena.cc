#include "twin/value_arena.h"

#include <algorithm>
#include <utility>

namespace gridloom::twin {
namespace {

// The first unit is left out, so that no cell begins at 0.
constexpr std::size_t kMostUnits = 65'535;
constexpr std::size_t kLongestInCell = 255;  // bytes of a text
// A text that is a string of its own stays one until it is no longer than this, so that a text
// around the limit is not allocated again and again.
constexpr std::size_t kShortestLong = 128;

// The size of a new block of which `used` units have cells: the rest is for later changes, so that
// few of them write the block anew.
constexpr std::size_t block_units(std::size_t used) {
  return used + std::max<std::size_t>(used / 16, 16);
}

std::size_t byte_at(const std::vector<char>& cells, std::size_t at) {
  return static_cast<std::uint8_t>(cells[at]);
}

}  // namespace

std::string_view ValueArena::text(std::size_t slot) const {
  if (begins_.empty()) return {};
  if (begins_[slot] != 0) {
    const std::string_view text(cells_.data() + begins_[slot] * kUnit + 1,
                                units_of(slot) * kUnit - 1);
    return text.substr(0, text.find_last_not_of('\0') + 1);
  }
  if (long_.get() == nullptr) return {};
  const auto found = long_.get()->find(slot);
  return found != long_.get()->end() ? std::string_view(found->second) : std::string_view();
}

bool ValueArena::change(std::size_t slot, std::string_view text) {
  if (begins_.empty()) begins_.resize(slots_);
  const std::string_view before = begins_[slot] == 0 ? this->text(slot) : std::string_view();
  if (before == text) return false;
  const bool was_long = !before.empty();
  const bool may_have_cell =
      text.size() <= (was_long ? kShortestLong : kLongestInCell) && !text.contains('\0');
  if (may_have_cell && reserve_cell(slot, text.size())) {
    if (was_long) long_.make().erase(slot);
    const std::size_t begin = begins_[slot] * kUnit + 1;
    const std::size_t end = begin - 1 + units_of(slot) * kUnit;
    const auto to =
        std::ranges::copy(text, cells_.begin() + static_cast<std::ptrdiff_t>(begin)).out;
    std::fill(to, cells_.begin() + static_cast<std::ptrdiff_t>(end), '\0');
  } else {
    remove_cell(slot);
    long_.make()[slot].assign(text);
  }
  return true;
}

std::size_t ValueArena::units_of(std::size_t slot) const {
  return begins_[slot] == 0 ? 0 : byte_at(cells_, begins_[slot] * kUnit);
}

bool ValueArena::reserve_cell(std::size_t slot, std::size_t bytes) {
  const std::size_t units = (1 + bytes + kUnit - 1) / kUnit;
  if (units <= units_of(slot)) return true;
  const std::size_t used = cells_.size() / kUnit - unused_units_;
  if (block_units(used + units) > kMostUnits) return false;
  remove_cell(slot);
  if (cells_.size() + units * kUnit > cells_.capacity()) rewrite(units);
  const std::size_t begin = cells_.size();
  cells_.resize(begin + units * kUnit);
  cells_[begin] = static_cast<char>(units);
  begins_[slot] = static_cast<std::uint16_t>(begin / kUnit);
  return true;
}

void ValueArena::remove_cell(std::size_t slot) {
  unused_units_ += units_of(slot);
  begins_[slot] = 0;
}

void ValueArena::rewrite(std::size_t units) {
  std::vector<char> cells;
  const std::size_t used = std::max<std::size_t>(cells_.size() / kUnit, 1) - unused_units_;
  cells.reserve(block_units(used + units) * kUnit);
  cells.resize(kUnit);
  for (std::uint16_t& each : begins_) {
    if (each == 0) continue;
    const std::size_t begin = each * kUnit;
    each = static_cast<std::uint16_t>(cells.size() / kUnit);
    const auto from = cells_.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::size_t size = byte_at(cells_, begin) * kUnit;
    cells.insert(cells.end(), from, from + static_cast<std::ptrdiff_t>(size));
  }
  cells_ = std::move(cells);
  unused_units_ = 0;
}

std::size_t ValueArena::allocated_bytes() const {
  std::size_t bytes = begins_.capacity() * sizeof(begins_[0]) + cells_.capacity();
  if (const auto* texts = long_.get()) {
    bytes += sizeof(LongTexts) + texts->bucket_count() * sizeof(void*);
    for (const auto& [slot, text] : *texts) {
      bytes += sizeof(void*) + sizeof(LongTexts::value_type) + text.capacity();
    }
  }
  return bytes;
}

}  // namespace gridloom::twin
