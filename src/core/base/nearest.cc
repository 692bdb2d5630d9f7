#include "base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace gridloom {
namespace {

// Longer words are not compared: the time grows with the product of two lengths.
constexpr std::size_t kMaxCompared = 80;
constexpr std::size_t kMinPart = 3;  // letters of a word that is searched inside names

// Costs, in half edits.
constexpr std::size_t kEdit = 2;
constexpr std::size_t kBegins = 1;
constexpr std::size_t kContains = 3;
constexpr std::size_t kMaxWorse = 2;  // than the most similar name

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return made;
}

// The number of letters to insert, remove, replace or swap with a neighbour.
std::size_t edits(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before(to.size() + 1);
  std::vector<std::size_t> last(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t k = 0; k <= to.size(); ++k) last[k] = k;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t k = 1; k <= to.size(); ++k) {
      const std::size_t replaced = last[k - 1] + (from[i - 1] == to[k - 1] ? 0 : 1);
      row[k] = std::min({last[k] + 1, row[k - 1] + 1, replaced});
      const bool is_swap = i > 1 && k > 1 && from[i - 1] == to[k - 2] && from[i - 2] == to[k - 1];
      if (is_swap) row[k] = std::min(row[k], before[k - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[to.size()];
}

// How much a name differs from a word; nothing: they are not similar. Both are in lower case.
std::optional<std::size_t> difference(std::string_view word, std::string_view name) {
  std::optional<std::size_t> least;
  const auto consider = [&least](std::size_t cost) {
    if (!least || cost < *least) least = cost;
  };
  const std::size_t most_edits = (word.size() + 1) / 3;
  const std::size_t count = edits(word, name);
  if (count <= most_edits && count < std::max(word.size(), name.size())) consider(count * kEdit);
  if (word.size() + 1 >= kMinPart && name.starts_with(word)) consider(kBegins);
  if (word.size() >= kMinPart && name.contains(word)) consider(kContains);
  return least;
}

}  // namespace

std::vector<std::string_view> nearest(std::string_view word,
                                      const std::vector<std::string_view>& names) {
  if (word.empty() || word.size() > kMaxCompared) return {};
  const std::string typed = lower(word);
  struct Similar {
    std::size_t cost = 0;
    std::size_t at = 0;  // in `names`
  };
  std::vector<Similar> similar;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty() || names[i].size() > kMaxCompared) continue;
    if (const auto cost = difference(typed, lower(names[i]))) {
      similar.push_back({.cost = *cost, .at = i});
    }
  }
  std::ranges::sort(similar, {}, [](const Similar& each) { return std::pair(each.cost, each.at); });
  std::vector<std::string_view> found;
  for (const Similar& each : similar) {
    if (found.size() == kMaxNearest || each.cost > similar.front().cost + kMaxWorse) break;
    if (std::ranges::find(found, names[each.at]) == found.end()) found.push_back(names[each.at]);
  }
  return found;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& names) {
  const std::vector<std::string_view> found = nearest(word, names);
  return found.empty() ? std::string() : fmt::format("; did you mean {}?", joined_or(found));
}

std::string joined_or(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace gridloom
