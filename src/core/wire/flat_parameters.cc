#include "wire/flat_parameters.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

namespace gridloom::wire {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Calls `on_step` with each step of the name. False if the name does not have the form of steps.
template <typename OnStep>
bool each_step(std::string_view name, OnStep on_step) {
  std::size_t at = 0;
  while (at < name.size()) {
    if (name[at] == '[') {
      const std::size_t close = name.find(']', at);
      if (close == std::string_view::npos || at == 0) return false;
      const std::string_view index = name.substr(at + 1, close - at - 1);
      const bool number = !index.empty() && std::ranges::all_of(index, is_digit);
      if (!number || (index.size() > 1 && index.front() == '0')) return false;
      on_step(Step{.text = index, .kind = Step::Kind::kIndex});
      at = close + 1;
      if (at < name.size() && name[at] != '[' && name[at] != '.') return false;
      continue;
    }
    if (at != 0) {
      if (name[at] != '.') return false;
      ++at;
    }
    const std::size_t end = std::min(name.find_first_of(".[", at), name.size());
    const std::string_view text = name.substr(at, end - at);
    if (text.empty() || text.contains(']')) return false;
    on_step(Step{.text = text, .kind = Step::Kind::kName});
    at = end;
  }
  return !name.empty();
}

// The rank of the token at a position of a stepped name: the end, an index, a name, or a character.
unsigned rank_at(std::string_view name, std::size_t at) {
  if (at == name.size()) return 0;
  if (name[at] == '[') return 1;
  if (name[at] == '.') return 2;
  return 3U + static_cast<unsigned char>(name[at]);
}

std::size_t end_of_digits(std::string_view name, std::size_t at) {
  while (at < name.size() && is_digit(name[at])) ++at;
  return at;
}

// Requires two stepped names. The first byte that differs decides, unless it is part of an index:
// there the number with more digits is the larger one.
std::strong_ordering compare_stepped(std::string_view a, std::string_view b) {
  const auto [in_a, in_b] = std::ranges::mismatch(a, b);
  const auto at = static_cast<std::size_t>(in_a - a.begin());
  if (at == a.size() || at == b.size()) return a.size() <=> b.size();
  std::size_t number = at;
  while (number > 0 && is_digit(a[number - 1])) --number;
  if (number > 0 && a[number - 1] == '[') {
    const std::size_t end_a = end_of_digits(a, at);
    const std::size_t end_b = end_of_digits(b, at);
    if (end_a != end_b) return end_a <=> end_b;
  }
  return rank_at(a, at) <=> rank_at(b, at);
}

// Eight bytes from `at` on as a number, so that comparing the numbers compares the texts. Bytes
// after the end count as 0: a text with zero bytes there compares equal, and the next eight bytes
// decide.
std::uint64_t eight_bytes(std::string_view text, std::size_t at) {
  std::uint64_t value = 0;
  const std::string_view rest = text.substr(at);
  std::memcpy(&value, rest.data(), std::min(sizeof(value), rest.size()));
  if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
  return value;
}

}  // namespace

Steps steps_of(std::string_view name) {
  Steps steps;
  if (each_step(name, [&steps](const Step& step) { steps.push_back(step); })) return steps;
  return {{.text = name, .kind = Step::Kind::kName}};
}

LevelName::LevelName(std::string_view name)
    : text(name),
      stepped(each_step(name, [](const Step&) {})),
      first_step(stepped ? name.substr(0, name.find_first_of(".[")) : name) {}

std::strong_ordering operator<=>(const LevelName& a, const LevelName& b) {
  if (a.stepped && b.stepped) return compare_stepped(a.text, b.text);
  // A name that is not stepped is a single step, and never equals the first step of another name.
  return a.first_step <=> b.first_step;
}

void FlatParameters::reserve(std::size_t count, std::size_t bytes) {
  pieces_.reserve(count);
  text_.reserve(bytes);
}

void FlatParameters::add(std::string_view name, std::string_view value) {
  pieces_.push_back({.start = static_cast<std::uint32_t>(text_.size()),
                     .name_bytes = static_cast<std::uint32_t>(name.size()),
                     .bytes = static_cast<std::uint32_t>(name.size() + 1 + value.size())});
  text_.append(name).append(1, '=').append(value);
}

void FlatParameters::sort_by_name(SigningWork& work) { sort(&Piece::name_bytes, work); }

void FlatParameters::sort_by_piece(SigningWork& work) { sort(&Piece::bytes, work); }

void FlatParameters::sort_by_level(SigningWork& work) {
  if (pieces_.size() < 2) return;
  std::vector<std::pair<LevelName, Piece>> all;
  all.reserve(pieces_.size());
  for (const Piece& piece : pieces_) all.emplace_back(LevelName(name(piece)), piece);
  std::ranges::sort(all, [&work](const auto& a, const auto& b) {
    ++work.comparisons;
    const auto order = a.first <=> b.first;
    return order != 0 ? order < 0 : a.second.start < b.second.start;
  });
  std::ranges::transform(all, pieces_.begin(), [](const auto& pair) { return pair.second; });
}

// Sorts by eight bytes of the key at a time, and keys that are equal so far by the next eight: each
// byte of a key is read only a few times, however long the common prefix of the keys is.
void FlatParameters::sort(BytesOf key_bytes, SigningWork& work) {
  if (pieces_.size() < 2) return;
  struct Keyed {
    std::uint64_t next = 0;  // eight bytes
    Piece piece{};
  };
  struct Range {
    std::size_t first, last, at;
  };
  std::vector<Keyed> all;
  all.reserve(pieces_.size());
  for (const Piece& piece : pieces_) all.push_back({.next = 0, .piece = piece});
  std::vector<Range> open = {{.first = 0, .last = all.size(), .at = 0}};
  while (!open.empty()) {
    const Range range = open.back();
    open.pop_back();
    const std::span<Keyed> group(all.data() + range.first, range.last - range.first);
    // A key that has ended sorts before longer keys, because it is a prefix of each of them.
    const auto on = std::ranges::partition(
        group, [&](const Keyed& keyed) { return keyed.piece.*key_bytes <= range.at; });
    const std::span<Keyed> ended(group.data(), group.size() - on.size());
    std::ranges::sort(ended, [&](const Keyed& a, const Keyed& b) {
      ++work.comparisons;
      const std::uint32_t size_a = a.piece.*key_bytes;
      const std::uint32_t size_b = b.piece.*key_bytes;
      return size_a != size_b ? size_a < size_b : a.piece.start < b.piece.start;
    });
    bool differ = false;
    for (Keyed& keyed : on) {
      keyed.next = eight_bytes(
          std::string_view(text_).substr(keyed.piece.start, keyed.piece.*key_bytes), range.at);
      differ = differ || keyed.next != on.front().next;
    }
    if (differ) {
      std::ranges::sort(on, [&work](const Keyed& a, const Keyed& b) {
        ++work.comparisons;
        return a.next < b.next;
      });
    }
    std::size_t first = range.first + ended.size();
    while (first < range.last) {
      std::size_t last = first + 1;
      while (last < range.last && all[last].next == all[first].next) ++last;
      if (last - first > 1) open.push_back({.first = first, .last = last, .at = range.at + 8});
      first = last;
    }
  }
  std::ranges::transform(all, pieces_.begin(), &Keyed::piece);
}

bool FlatParameters::has_repeated_name() const {
  return std::ranges::adjacent_find(
             pieces_, {}, [this](const Piece& piece) { return name(piece); }) != pieces_.end();
}

std::string FlatParameters::joined() const {
  std::string out;
  out.reserve(text_.size() + pieces_.size() + 256);
  for (const Piece& piece : pieces_) {
    if (!out.empty()) out += '&';
    out.append(text_, piece.start, piece.bytes);
  }
  return out;
}

}  // namespace gridloom::wire
