// The parameters of a signed request as one list of name=value texts, and the orders in which
// clients join them (wire/signing.h).
//
// This runs before a signature is verified, so its cost is bounded by the number of bytes: see
// docs/internals/parser-cost.md. Pure; any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::wire {

// What was done to find a request's signed text. Tests bound these counts, as time depends on the
// machine.
struct SigningWork {
  std::size_t orders = 0;        // canonical texts that were built
  std::size_t comparisons = 0;   // of two parameters, for sorting
  std::size_t signed_bytes = 0;  // of all canonical texts together
};

// One step of a flattened name: a member's name or an array's index.
struct Step {
  std::string_view text;
  enum class Kind : std::uint8_t { kIndex, kName } kind = Kind::kName;

  // Indexes come before names, and by number: their texts have no leading zeros.
  friend bool operator<(const Step& a, const Step& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    if (a.kind == Kind::kIndex && a.text.size() != b.text.size()) {
      return a.text.size() < b.text.size();
    }
    return a.text < b.text;
  }
};
using Steps = std::vector<Step>;

// a.b[0].c as steps. A name that is not built like this is one step, as it stands.
[[nodiscard]] Steps steps_of(std::string_view name);

// A name for sorting level by level: the order of steps_of(), without building them.
struct LevelName {
  explicit LevelName(std::string_view name);
  std::string_view text;
  bool stepped;                 // it is built of steps
  std::string_view first_step;  // all of it, if not: a long name must not be searched each time

  friend std::strong_ordering operator<=>(const LevelName& a, const LevelName& b);
};

// Equal elements stay in the order in which they were added.
class FlatParameters {
 public:
  void add(std::string_view name, std::string_view value);
  [[nodiscard]] std::size_t count() const { return pieces_.size(); }
  [[nodiscard]] std::size_t bytes() const { return text_.size(); }

  void sort_by_name(SigningWork& work);
  void sort_by_level(SigningWork& work);
  void sort_by_piece(SigningWork& work);  // the whole name=value text
  // Needs sort_by_name().
  [[nodiscard]] bool has_repeated_name() const;

  [[nodiscard]] std::string joined() const;

 private:
  struct Piece {
    std::uint32_t start = 0;  // in text_
    std::uint32_t name_bytes = 0;
    std::uint32_t bytes = 0;
  };
  using BytesOf = std::uint32_t Piece::*;

  [[nodiscard]] std::string_view name(const Piece& piece) const {
    return std::string_view(text_).substr(piece.start, piece.name_bytes);
  }
  void sort(BytesOf key_bytes, SigningWork& work);

  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace gridloom::wire
