#include "app/command_line/typed_words.h"

#include <CLI/CLI.hpp>
#include <cstddef>
#include <iterator>
#include <span>

#include "app/command_line/command_help.h"

namespace gridloom::app {
namespace {

bool is_option(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

bool takes_next_word(const CLI::Option& option, const std::string& word) {
  return option.get_items_expected_max() > 0 && !word.contains('=');
}

const CLI::Option* option_of(const CLI::App& command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  for (const CLI::App* at = &command; at != nullptr; at = at->get_parent()) {
    if (const CLI::Option* option = at->get_option_no_throw(name)) return option;
    if (!at->get_fallthrough()) break;
  }
  return nullptr;
}

// Whether the words are options of the command, each with its value.
bool are_options_of(const CLI::App& command, std::span<const std::string> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const CLI::Option* option = is_option(words[i]) ? option_of(command, words[i]) : nullptr;
    if (option == nullptr) return false;
    if (!takes_next_word(*option, words[i])) continue;
    ++i;
    if (i == words.size()) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> options_behind_command(const CLI::App& root,
                                                const std::vector<std::string>& words) {
  // The root's own options stay in front.
  std::size_t first = 0;
  while (first < words.size() && is_option(words[first])) {
    const CLI::Option* option = option_of(root, words[first]);
    if (option == nullptr) break;
    first += takes_next_word(*option, words[first]) ? 2 : 1;
  }
  std::size_t at = first;
  while (at < words.size() && (is_option(words[at]) || command_named(root, words[at]) == nullptr)) {
    ++at;
  }
  if (at == first || at >= words.size()) return words;
  const CLI::App* command = &root;
  std::size_t end = at;
  for (const CLI::App* next = command_named(root, words[end]); next != nullptr;) {
    command = next;
    next = ++end < words.size() ? command_named(*command, words[end]) : nullptr;
  }
  if (!are_options_of(*command, std::span(words).subspan(first, at - first))) return words;
  const auto part = [&](std::size_t from, std::size_t to) {
    return std::span(words).subspan(from, to - from);
  };
  std::vector<std::string> ordered;
  for (const auto& some :
       {part(0, first), part(at, end), part(first, at), part(end, words.size())}) {
    ordered.insert(ordered.end(), some.begin(), some.end());
  }
  return ordered;
}

}  // namespace gridloom::app
