#include "cost/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace gridloom::cost {
namespace {

std::unexpected<Error> wrong(std::string_view line, std::string_view why) {
  return fail(ErrorCode::kMalformed, fmt::format("\"{}\": {}", line, why));
}

std::optional<char> escaped(char c) {
  switch (c) {
    case 'r':
      return '\r';
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case '\\':
      return '\\';
    default:
      return std::nullopt;
  }
}

Result<Piece> piece_of(std::string_view line) {
  Piece piece;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), piece.times);
  std::string_view rest = line.substr(static_cast<std::size_t>(end - line.data()));
  if (error != std::errc() || !rest.starts_with(' ')) return wrong(line, "expected TIMES BYTES");
  for (rest.remove_prefix(1); !rest.empty(); rest.remove_prefix(1)) {
    if (rest[0] != '\\') {
      piece.bytes += rest[0];
      continue;
    }
    rest.remove_prefix(1);
    if (rest.empty()) return wrong(line, "it ends in a backslash");
    if (rest[0] == '#' && !piece.number_at) {
      piece.number_at = piece.bytes.size();
    } else if (rest[0] == 'x' && rest.size() >= 3) {
      unsigned value = 0;
      if (std::from_chars(rest.data() + 1, rest.data() + 3, value, 16).ptr != rest.data() + 3) {
        return wrong(line, "expected two hex digits behind \\x");
      }
      piece.bytes += static_cast<char>(value);
      rest.remove_prefix(2);
    } else if (const auto byte = escaped(rest[0])) {
      piece.bytes += *byte;
    } else {
      return wrong(line, "expected one of r n t x \\ # behind a backslash");
    }
  }
  return piece;
}

void append_byte(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\\') {
    out += "\\\\";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c == '\n') {
    out += "\\n";
  } else if (byte < 0x20 || byte >= 0x7f) {
    out += fmt::format("\\x{:02x}", byte);
  } else {
    out += c;
  }
}

// The size of one repetition, assuming numbers of medium length.
std::size_t size_once(const Piece& piece) {
  constexpr std::size_t kDigits = 4;
  return piece.bytes.size() + (piece.number_at ? kDigits : 0);
}

}  // namespace

Result<Recipe> read_recipe(std::string_view text) {
  Recipe recipe;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    auto piece = piece_of(line);
    if (!piece) return std::unexpected(std::move(piece.error()));
    recipe.push_back(std::move(*piece));
  }
  return recipe;
}

std::string to_text(const Recipe& recipe) {
  std::string out;
  for (const Piece& piece : recipe) {
    out += fmt::format("{} ", piece.times);
    for (std::size_t at = 0; at <= piece.bytes.size(); ++at) {
      if (piece.number_at == at) out += "\\#";
      if (at < piece.bytes.size()) append_byte(out, piece.bytes[at]);
    }
    out += '\n';
  }
  return out;
}

std::string bytes_of(const Recipe& recipe) {
  std::string out;
  for (const Piece& piece : recipe) {
    for (std::size_t i = 0; i < piece.times; ++i) {
      if (!piece.number_at) {
        out += piece.bytes;
        continue;
      }
      out.append(piece.bytes, 0, *piece.number_at);
      const fmt::format_int number(i);
      out.append(number.data(), number.size());
      out.append(piece.bytes, *piece.number_at);
    }
  }
  return out;
}

Recipe stretched(const Recipe& recipe, std::size_t bytes) {
  std::size_t fixed = 0;
  std::size_t repeated = 0;
  for (const Piece& piece : recipe) {
    (piece.times > 1 ? repeated : fixed) += piece.times * size_once(piece);
  }
  Recipe result = recipe;
  if (repeated == 0) return result;
  const double factor =
      static_cast<double>(bytes > fixed ? bytes - fixed : 0) / static_cast<double>(repeated);
  for (Piece& piece : result) {
    if (piece.times < 2) continue;
    piece.times = static_cast<std::size_t>(
        std::max(2.0, std::floor(static_cast<double>(piece.times) * factor)));
  }
  return result;
}

}  // namespace gridloom::cost
