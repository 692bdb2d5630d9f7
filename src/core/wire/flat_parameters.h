// The flattened parameters of a signed request as a list of name=value texts, and the orders in
// which clients join them (wire/signing.h).
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

// Counts the work done to find a request's signed text. Tests limit these counts instead of time,
// which depends on the machine.
struct SigningWork {
  std::size_t orders = 0;        // canonical texts built
  std::size_t comparisons = 0;   // comparisons of two parameters while sorting
  std::size_t signed_bytes = 0;  // bytes of all canonical texts together
};

// One step of a flattened name: a member's name or an array's index.
struct Step {
  std::string_view text;
  enum class Kind : std::uint8_t { kIndex, kName } kind = Kind::kName;

  // Indexes sort before names, and numerically: their texts have no leading zeros.
  friend bool operator<(const Step& a, const Step& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    if (a.kind == Kind::kIndex && a.text.size() != b.text.size()) {
      return a.text.size() < b.text.size();
    }
    return a.text < b.text;
  }
};
using Steps = std::vector<Step>;

// Splits a name like a.b[0].c into steps. A name of any other form is returned as one step.
[[nodiscard]] Steps steps_of(std::string_view name);

// A name that sorts level by level, in the order of its steps_of(), without building the steps.
struct LevelName {
  explicit LevelName(std::string_view name);
  std::string_view text;
  bool stepped;                 // has the form of steps
  std::string_view first_step;  // the whole name if not stepped; avoids searching long names again

  friend std::strong_ordering operator<=>(const LevelName& a, const LevelName& b);
};

// A list of parameters with stable sorting: equal elements stay in the order of their addition.
class FlatParameters {
 public:
  // Room for that many parameters of that many bytes, each with its `=`.
  void reserve(std::size_t count, std::size_t bytes);
  void add(std::string_view name, std::string_view value);
  [[nodiscard]] std::size_t count() const { return pieces_.size(); }
  [[nodiscard]] std::size_t bytes() const { return text_.size(); }

  void sort_by_name(SigningWork& work);
  void sort_by_level(SigningWork& work);
  void sort_by_piece(SigningWork& work);  // by the whole name=value text
  // Requires a preceding sort_by_name().
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
