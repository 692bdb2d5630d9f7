#include "transcripts/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace gridloom::transcripts {
namespace {

using Words = std::vector<std::string>;

// Cuts the next word off.
std::string take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string word(rest.substr(0, rest.find(' ')));
  rest.remove_prefix(word.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return word;
}

// "2s", "1500ms", "3min", "2h"
std::optional<Millis> parse_span(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "ms") return Millis(count);
  if (unit == "s") return std::chrono::seconds(count);
  if (unit == "min") return std::chrono::minutes(count);
  if (unit == "h") return std::chrono::hours(count);
  return std::nullopt;
}

bool among(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// The parts of a line, or what is wrong with it.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  Status read(Line& line) {
    const std::string first = take_word(rest_);
    if (first.empty() || first.starts_with('#')) return {};
    if (first == ">") return read_stimulus(line);
    if (first == "<") return read_expectation(line);
    cut_comment();
    if (first == "@") return read_wait(line);
    if (first == "!") return read_fault(line);
    return read_setting(first, line);
  }

 private:
  static std::unexpected<Fault> wrong(std::string detail) {
    return fail(FaultKind::kMalformed, std::move(detail));
  }

  void cut_comment() {
    const std::size_t hash = rest_.find(" #");
    rest_ = rest_.substr(0, rest_.starts_with('#') ? 0 : hash);
    while (rest_.ends_with(' ')) rest_.remove_suffix(1);
  }

  Status read_words(Line& line, std::size_t count, std::string_view usage) {
    while (!rest_.empty()) line.words.push_back(take_word(rest_));
    if (line.words.size() != count) return wrong(fmt::format("must be: {}", usage));
    return {};
  }

  Status read_setting(std::string_view first, Line& line) {
    if (first == "clock") {
      line.act = Act::kClock;
      return read_words(line, 2, "clock 2025-06-18 10:00:00");
    }
    if (first == "account") {
      line.act = Act::kAccount;
      return read_words(line, 1, "account NAME");
    }
    if (first == "as") {
      line.act = Act::kAs;
      return read_words(line, 1, "as ACCOUNT");
    }
    if (first == "share") {
      line.act = Act::kShare;
      Status read = read_words(line, 3, "share SN ACCOUNT monitor|full|none");
      if (read && !among(line.words[2], {"monitor", "full", "none"})) {
        return wrong(fmt::format("there is no right {:?}", line.words[2]));
      }
      return read;
    }
    if (first != "device") return wrong(fmt::format("there is no line that begins with {}", first));
    line.act = Act::kDevice;
    constexpr std::string_view kUsage = "device FAMILY SN owner ACCOUNT [real]";
    const bool real = rest_.ends_with(" real");
    Status read = read_words(line, real ? 5 : 4, kUsage);
    if (read && line.words[2] != "owner") return wrong(fmt::format("must be: {}", kUsage));
    return read;
  }

  Status read_stimulus(Line& line) {
    line.words.push_back(take_word(rest_));
    line.payload = {};
    if (line.words[0] == "mqtt" || line.words[0] == "device") {
      const bool app = line.words[0] == "mqtt";
      line.act = app ? Act::kAppSends : Act::kDeviceSends;
      line.words = {take_word(rest_), take_word(rest_)};
      const bool known = app ? among(line.words[1], {"set", "get"})
                             : among(line.words[1], {"quota", "set_reply", "get_reply", "status"});
      if (!known) return wrong(fmt::format("{} cannot be sent there", line.words[1]));
      line.payload = rest_;
      return {};
    }
    line.act = Act::kRequest;
    line.words.push_back(take_word(rest_));
    if (!among(line.words[0], {"GET", "POST", "PUT", "DELETE"}) ||
        !line.words[1].starts_with('/')) {
      return wrong("must be: > METHOD /path [JSON], > mqtt SN ... or > device SN ...");
    }
    line.payload = rest_;
    return {};
  }

  Status read_expectation(Line& line) {
    line.words.push_back(take_word(rest_));
    if (line.words[0] == "mqtt" || line.words[0] == "device") {
      const bool app = line.words[0] == "mqtt";
      line.act = app ? Act::kAppReceives : Act::kDeviceReceives;
      line.words = {take_word(rest_), take_word(rest_)};
      const bool known = app ? among(line.words[1], {"quota", "set_reply", "get_reply", "status"})
                             : line.words[1] == "set";
      if (!known) return wrong(fmt::format("{} does not come there", line.words[1]));
      if (rest_ == "retained" || rest_.starts_with("retained ")) {
        line.words.push_back(take_word(rest_));
      }
      line.payload = rest_;
      return {};
    }
    line.act = Act::kAnswer;
    const bool status = line.words[0].size() == 3 && std::ranges::all_of(line.words[0], [](char c) {
                          return c >= '0' && c <= '9';
                        });
    if (!status && line.words[0] != "nothing") {
      return wrong("must be: < 200 ..., < nothing, < mqtt SN ... or < device SN ...");
    }
    line.payload = rest_;
    return {};
  }

  Status read_wait(Line& line) {
    line.act = Act::kWait;
    const auto span = rest_.starts_with('+') ? parse_span(rest_.substr(1)) : std::nullopt;
    if (!span) return wrong("must be: @ +2s (ms, s, min, h)");
    line.span = *span;
    return {};
  }

  Status read_fault(Line& line) {
    constexpr std::string_view kUsage =
        "must be: ! drop device SN [for 30s], ! connect device SN, ! drop app or ! connect app";
    const std::string verb = take_word(rest_);
    line.act = verb == "drop" ? Act::kDrop : Act::kConnect;
    while (!rest_.empty()) line.words.push_back(take_word(rest_));
    if (line.words.size() == 4 && line.words[2] == "for" && verb == "drop") {
      const auto span = parse_span(line.words[3]);
      if (!span) return wrong(std::string(kUsage));
      line.span = *span;
      line.words.resize(2);
    }
    const bool device = line.words.size() == 2 && line.words[0] == "device";
    const bool app = line.words.size() == 1 && line.words[0] == "app";
    if (!among(verb, {"drop", "connect"}) || (!device && !app)) return wrong(std::string(kUsage));
    return {};
  }

  std::string_view rest_;
};

}  // namespace

bool is_expectation(Act act) {
  return act == Act::kAnswer || act == Act::kAppReceives || act == Act::kDeviceReceives;
}

Result<Script> parse_script(std::string_view file, std::string_view text) {
  Script script{.file = std::string(file), .lines = {}};
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    const bool goes_on = line.starts_with(' ') && !script.lines.empty() &&
                         !script.lines.back().as_is.front().empty() &&
                         !script.lines.back().as_is.front().starts_with('#');
    if (!goes_on)
      script.lines.push_back({.number = number, .as_is = {}, .words = {}, .payload = {}});
    script.lines.back().as_is.emplace_back(line);
  }
  for (Line& line : script.lines) {
    std::string whole;
    for (const std::string& part : line.as_is) {
      if (!whole.empty()) whole += ' ';
      whole += std::string_view(part).substr(std::min(part.find_first_not_of(' '), part.size()));
    }
    if (Status read = Reader(whole).read(line); !read) {
      return fail(FaultKind::kMalformed,
                  fmt::format("{}:{}: {}", file, line.number, read.error().detail));
    }
  }
  return script;
}

}  // namespace gridloom::transcripts
