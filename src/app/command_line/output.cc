#include "app/command_line/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "app/control/admin.h"
#include "base/printable.h"

namespace gridloom::app {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::string_view kReset = "\x1b[0m";

std::string_view variable(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::kHeading:
      return "\x1b[1m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kBad:
      return "\x1b[31m";
    case Style::kPlain:
      break;
  }
  return {};
}

}  // namespace

bool has_colours() {
  return ::isatty(STDOUT_FILENO) == 1 && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
}

std::string styled(std::string_view text, Style style) {
  const std::string_view code = code_of(style);
  if (code.empty() || !has_colours()) return std::string(text);
  return fmt::format("{}{}{}", code, text, kReset);
}

std::size_t width_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  if (rows_.empty()) return {};
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = width_of(columns_[i].title);
    for (const auto& row : rows_) widest = std::max(widest, width_of(row[i]));
    widths.push_back(widest);
  }
  const auto line = [&](const auto& cell_of) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      const std::string padding(widths[i] - width_of(cell), ' ');
      if (i > 0) text += kGap;
      text += columns_[i].align == Align::kRight ? padding + cell : cell + padding;
    }
    return text.erase(text.find_last_not_of(' ') + 1);
  };
  std::string text =
      styled(line([&](std::size_t i) -> const std::string& { return columns_[i].title; }),
             Style::kHeading) +
      '\n';
  for (const auto& row : rows_) {
    text += line([&](std::size_t i) -> const std::string& { return row[i]; }) + '\n';
  }
  return text;
}

void Table::print() const { fmt::print("{}", text()); }

void print_json(const wire::Json& value) { fmt::print("{}\n", wire::to_text(value)); }

void print_object(const wire::JsonObject& object, bool json) {
  wire::JsonObject shown = object;
  shown.erase(kWarningMember);  // goes to standard error
  if (json) return print_json(shown);
  for (const auto& [name, value] : shown) {
    fmt::print("{}: {}\n", std::string_view(name), printable(text_of(value)));
  }
}

std::string text_of(const wire::Json& value) {
  return value.is_string() ? std::string(value.get_string()) : wire::to_text(value);
}

std::string member_text(const wire::Json& object, std::string_view name) {
  const wire::Json* value = wire::member(object, name);
  return value == nullptr ? std::string() : text_of(*value);
}

void print_note(std::string_view note) { fmt::print(stderr, "{}\n", note); }

}  // namespace gridloom::app
