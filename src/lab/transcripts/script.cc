#include "transcripts/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "base/nearest.h"
#include "base/read_file.h"
#include "time/grammar.h"
#include "transcripts/words.h"

namespace gridloom::transcripts {

namespace fs = std::filesystem;

namespace {

constexpr Millis kMinStep{1000};
constexpr std::size_t kMaxScript = std::size_t{1} << 30U;  // bytes; a day of a large home
constexpr double kMaxUnanswered = 1000;
constexpr Millis kMaxStep{60'000};  // largest step of a virtual device

std::optional<double> on_or_off(std::string_view word) {
  if (word == "on") return 1;
  return word == "off" ? std::optional<double>(0) : std::nullopt;
}

std::optional<Millis> span_of(std::string_view word) {
  const auto span = time::parse_span(word, {.least = Millis{0}});
  return span ? std::optional(*span) : std::nullopt;
}

bool among(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// The allowed range of a number in a line.
struct EnergyFlow {
  std::string_view name;
  double low = 0;
  double high = 0;
  bool is_switch = false;  // only 0 and 1 are allowed
};
constexpr std::array<EnergyFlow, 2> kSite = {{{.name = "latitude", .low = -66, .high = 66},
                                              {.name = "household_kwh", .low = 0, .high = 1e6}}};
constexpr std::array<EnergyFlow, 5> kWeather = {
    {{.name = "sun", .low = 0, .high = 1.2},
     {.name = "clouds", .low = 0, .high = 1},
     {.name = "air", .low = -50, .high = 60},
     {.name = "household", .low = 0, .high = 100'000},
     {.name = "grid", .low = 0, .high = 1, .is_switch = true}}};

// Splits a line into its parts, or returns the error in the line.
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
  static std::unexpected<Error> wrong(std::string detail) {
    return fail(ErrorCode::kMalformed, std::move(detail));
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
      line.directive = Directive::kClock;
      return read_words(line, 2, "clock 2025-06-18 10:00:00");
    }
    if (first == "seed") return read_seed(line);
    if (first == "site") return read_site(line);
    if (first == "recorded") {
      line.directive = Directive::kRecorded;
      return read_words(line, 0, "recorded");
    }
    if (first == "weather") return read_weather(line);
    if (first == "always:" || first == "never:") {
      line.directive = first == "never:" ? Directive::kNever : Directive::kAlways;
      line.payload = rest_;
      return {};
    }
    if (first == "account") {
      line.directive = Directive::kAccount;
      return read_words(line, 1, "account NAME");
    }
    if (first == "as") {
      line.directive = Directive::kAs;
      return read_words(line, 1, "as ACCOUNT");
    }
    if (first == "share") {
      line.directive = Directive::kShare;
      Status read = read_words(line, 3, "share SN ACCOUNT monitor|full|none");
      if (read && !among(line.words[2], {"monitor", "full", "none"})) {
        return wrong(fmt::format("there is no right {:?}", line.words[2]));
      }
      return read;
    }
    if (first != "device") {
      return wrong(fmt::format(
          "there is no line that begins with {}{}", first,
          did_you_mean(first, {"clock", "seed", "site", "recorded", "weather",
                               "always:", "never:", "account", "as", "share", "device"})));
    }
    line.directive = Directive::kDevice;
    constexpr std::string_view kUsage = "device FAMILY SN owner ACCOUNT [real]";
    const std::size_t setup = rest_.find(" {");
    if (setup != std::string_view::npos) {
      line.payload = rest_.substr(setup + 1);
      rest_ = rest_.substr(0, setup);
    }
    const bool real = rest_.ends_with(" real");
    if (real && !line.payload.empty()) {
      return wrong("a device that the transcript plays has no set-up");
    }
    Status read = read_words(line, real ? 5 : 4, kUsage);
    if (read && line.words[2] != "owner") return wrong(fmt::format("must be: {}", kUsage));
    return read;
  }

  Status read_seed(Line& line) {
    line.directive = Directive::kSeed;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), line.seed);
    if (error == std::errc{} && end == rest_.data() + rest_.size()) return {};
    return wrong("must be: seed 42");
  }

  Status read_site(Line& line) {
    line.directive = Directive::kSite;
    return read_numbers(line, kSite, "site latitude 51 household_kwh 3500 (one or both)");
  }

  Status read_weather(Line& line) {
    line.directive = Directive::kWeather;
    if (rest_ == "as it comes") return {};
    return read_numbers(line, kWeather,
                        "weather sun 0.2 air -5 (sun 0 to 1.2, clouds 0 to 1, air -50 to 60, "
                        "household 0 to 100000, grid on|off), or weather as it comes");
  }

  // Reads pairs of a name and a number; at least one.
  Status read_numbers(Line& line, std::span<const EnergyFlow> flows, std::string_view usage) {
    while (!rest_.empty()) {
      const std::string name = take_word(rest_);
      const std::string word = take_word(rest_);
      const auto flow = std::ranges::find(flows, name, &EnergyFlow::name);
      if (flow == flows.end()) return wrong(fmt::format("must be: {}", usage));
      const auto number = flow->is_switch ? on_or_off(word) : parse_number(word);
      if (!number || *number < flow->low || *number > flow->high) {
        return wrong(fmt::format("must be: {}", usage));
      }
      line.numbers[name] = *number;
    }
    if (line.numbers.empty()) return wrong(fmt::format("must be: {}", usage));
    return {};
  }

  Status read_stimulus(Line& line) {
    line.words.push_back(take_word(rest_));
    line.payload = {};
    if (line.words[0] == "mqtt" || line.words[0] == "device") {
      const bool app = line.words[0] == "mqtt";
      line.directive = app ? Directive::kAppSends : Directive::kDeviceSends;
      line.words = {take_word(rest_), take_word(rest_)};
      const bool known = app ? among(line.words[1], {"set", "get"})
                             : among(line.words[1], {"quota", "set_reply", "get_reply", "status"});
      if (!known) return wrong(fmt::format("{} cannot be sent there", line.words[1]));
      line.payload = rest_;
      return {};
    }
    line.directive = Directive::kRequest;
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
      line.directive = app ? Directive::kAppReceives : Directive::kDeviceReceives;
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
    if (line.words[0] == "refused" && rest_.empty()) {
      line.directive = Directive::kRefused;
      return {};
    }
    line.directive = Directive::kAnswer;
    if (line.words[0].ends_with(':')) {
      const auto which = parse_number(line.words[0].substr(0, line.words[0].size() - 1));
      if (!which || *which < 1 || *which > kMaxUnanswered || *which != std::floor(*which)) {
        return wrong("must be: < 2: 200 ..., the second of the requests without an answer");
      }
      line.which = static_cast<std::size_t>(*which);
      line.words[0] = take_word(rest_);
    }
    const bool status = line.words[0].size() == 3 && std::ranges::all_of(line.words[0], [](char c) {
                          return c >= '0' && c <= '9';
                        });
    if (!status && !among(line.words[0], {"nothing", "ended"})) {
      return wrong(
          "must be: < 200 ..., < nothing, < ended, < refused, < mqtt SN ... or < device SN ...");
    }
    line.payload = rest_;
    return {};
  }

  Status read_wait(Line& line) {
    constexpr std::string_view kUsage =
        "must be: @ +2s (ms, s, m, h, d, w), or @ +7d in 1min steps (of 1s to 1min)";
    line.directive = Directive::kWait;
    const std::string span = take_word(rest_);
    const auto time = span.starts_with('+') ? span_of(span.substr(1)) : std::nullopt;
    if (!time) return wrong(std::string(kUsage));
    line.span = *time;
    if (rest_.empty()) return {};
    if (take_word(rest_) != "in") return wrong(std::string(kUsage));
    const auto step = span_of(take_word(rest_));
    if (!step || *step < kMinStep || *step > kMaxStep || rest_ != "steps") {
      return wrong(std::string(kUsage));
    }
    line.step = *step;
    return {};
  }

  Status read_fault(Line& line) {
    constexpr std::string_view kUsage =
        "must be: ! drop device SN [for 30s], ! connect device SN, ! drop app, ! connect app, ! "
        "rotate app, ! fault on ... or ! fault off ...";
    const std::string verb = take_word(rest_);
    if (verb == "fault") return read_order(line);
    line.directive = verb == "drop"     ? Directive::kDrop
                     : verb == "rotate" ? Directive::kRotate
                                        : Directive::kConnect;
    while (!rest_.empty()) line.words.push_back(take_word(rest_));
    if (line.words.size() == 4 && line.words[2] == "for" && verb == "drop") {
      const auto span = span_of(line.words[3]);
      if (!span) return wrong(std::string(kUsage));
      line.span = *span;
      line.words.resize(2);
    }
    const bool device =
        line.words.size() == 2 && line.words[0] == "device" && line.directive != Directive::kRotate;
    const bool app = line.words.size() == 1 && line.words[0] == "app";
    if (!among(verb, {"drop", "connect", "rotate"}) || (!device && !app)) {
      return wrong(std::string(kUsage));
    }
    return {};
  }

  Status read_order(Line& line) {
    constexpr std::string_view kUsage =
        "must be: ! fault on NAME [device SN] [account NAME] [share 0.2] [value 10] [for 30s], ! "
        "fault off NAME [device SN] or ! fault off all";
    const std::string verb = take_word(rest_);
    line.directive = verb == "on" ? Directive::kFaultOn : Directive::kFaultOff;
    line.fault_rule.fault = take_word(rest_);
    if (!among(verb, {"on", "off"}) || line.fault_rule.fault.empty())
      return wrong(std::string(kUsage));
    while (!rest_.empty()) {
      const std::string what = take_word(rest_);
      const std::string word = take_word(rest_);
      const auto number = parse_number(word);
      const auto span = span_of(word);
      const bool on = line.directive == Directive::kFaultOn;
      if (what == "device" && !word.empty()) {
        line.fault_rule.sn = word;
      } else if (what == "account" && !word.empty() && on) {
        line.fault_rule.account = word;
      } else if (what == "share" && number && *number > 0 && *number <= 1 && on) {
        line.fault_rule.probability = *number;
      } else if (what == "value" && number && on) {
        line.fault_rule.value = number;
      } else if (what == "for" && span && *span > Millis(0) && on) {
        line.span = *span;
      } else {
        return wrong(std::string(kUsage));
      }
    }
    return {};
  }

  std::string_view rest_;
};

}  // namespace

bool is_expectation(Directive directive) {
  return directive == Directive::kAnswer || directive == Directive::kAppReceives ||
         directive == Directive::kDeviceReceives || directive == Directive::kRefused;
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
    if (!goes_on) script.lines.emplace_back().number = number;
    script.lines.back().as_is.emplace_back(line);
  }
  for (Line& line : script.lines) {
    std::string whole;
    for (const std::string& part : line.as_is) {
      if (!whole.empty()) whole += ' ';
      whole += std::string_view(part).substr(std::min(part.find_first_not_of(' '), part.size()));
    }
    if (Status read = Reader(whole).read(line); !read) {
      return fail(ErrorCode::kMalformed,
                  fmt::format("{}:{}: {}", file, line.number, read.error().detail));
    }
  }
  return script;
}

Result<Script> load_script(const fs::path& file) {
  GL_TRY(const auto text, read_text(file, kMaxScript));
  return parse_script(file.string(), text);
}

std::vector<fs::path> scripts_at(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  std::vector<fs::path> files;
  fs::directory_iterator at(path, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (at->path().extension() == ".loom") files.push_back(at->path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace gridloom::transcripts
