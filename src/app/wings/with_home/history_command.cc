// `gridloom history`: prints recorded values of a field as text, a chart or a table. The values
// come from the running server, through its admin socket, from the folder of a stopped server, or
// with a profile from a server elsewhere.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/control/streams.h"
#include "app/home/field_lookup.h"
#include "app/home/home.h"
#include "app/operations/kinds.h"
#include "app/process/local_zone.h"
#include "base/clock.h"
#include "base/printable.h"
#include "base/result.h"
#include "catalog/readable_values.h"
#include "client/api_client.h"
#include "history/series/series_request.h"
#include "wire/json.h"
#include "with_home/history_drawing.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

// A chart is drawn from the whole answer; other formats have no limit here.
constexpr std::size_t kMaxDrawn_bytes = std::size_t{24} * 1024 * 1024;
constexpr std::size_t kTableRows = 24;
constexpr std::string_view kLayout = "\n\t";

struct HistoryArguments {
  HomeOptions home;
  std::string device, fields, from = "-1d", to = "now", last, step, aggregate;
  std::string format = "table";
  bool csv = false;
};

// The device, and the parameters of a request for its series.
struct Question {
  ShownDevice device;
  catalog::FamilyPtr family;
  std::vector<std::pair<std::string, std::string>> parameters;  // that are given
};

bool is_drawn(const HistoryArguments& arguments) {
  return arguments.format == "table" || arguments.format == "spark";
}

// The words of a list, "a,b".
std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t comma = list.find(',');
    words.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return words;
    list.remove_prefix(comma + 1);
  }
}

// The names of fields for words such as "soc", which HTTP does not know.
Result<std::string> names_for_server(const HistoryArguments& arguments, OpenDevice& open) {
  GL_TRY(const auto values, open.home.home->values(open.device.sn));
  std::vector<std::string> reported;
  for (const auto& each : catalog::flat_values(*open.family, values.quotas)) {
    reported.push_back(each.name);
  }
  std::vector<std::string> names;
  for (const std::string& word : words_of(arguments.fields)) {
    const auto found = history_names(*open.family, reported, word);
    if (!found) return fail(ErrorCode::kBadParams, found.error().detail);
    names.insert(names.end(), found->begin(), found->end());
  }
  return fmt::format("{}", fmt::join(names, ","));
}

Result<Question> question_of(const HistoryArguments& arguments) {
  Question question;
  std::string fields = arguments.fields;
  if (profile_of(arguments.home).empty()) {
    GL_TRY(auto device, local_device(arguments.home.data, arguments.device));
    GL_TRY(const auto catalog, catalog_of(arguments.home));
    question.family = catalog->of_serial(device.sn);
    question.device = std::move(device);
  } else {
    GL_TRY(auto open, open_device(arguments.home, arguments.device));
    GL_TRY(auto names, names_for_server(arguments, open));
    fields = std::move(names);
    question.family = open.family;
    question.device = std::move(open.device);
  }
  const std::string from = arguments.last.empty() ? arguments.from : "-" + arguments.last;
  std::string step = arguments.step;
  if (is_drawn(arguments) && step.empty()) {
    GL_TRY(const auto span,
           history::series_request({.fields = arguments.fields, .from = from, .to = arguments.to},
                                   {.at = SystemClock().now(), .zone = local_zone().zone}, {}));
    step = default_step(span.to_ms - span.from_ms);
  }
  for (auto&& [name, value] : std::initializer_list<std::pair<std::string_view, std::string>>{
           {"fields", fields},
           {"from", from},
           {"to", arguments.to},
           {"step", step},
           {"aggregate", arguments.aggregate}}) {
    if (!value.empty()) question.parameters.emplace_back(name, value);
  }
  return question;
}

// Standard output. Devices choose field names and text values, so a terminal gets only printable
// text; a file gets the original.
class Output {
 public:
  Status put(std::string_view text) {
    if (!is_terminal_) return write(text);
    waiting_ += text;
    const std::size_t whole = whole_characters(waiting_);
    const std::string shown = printable(std::string_view(waiting_).substr(0, whole), kLayout);
    waiting_.erase(0, whole);
    return write(shown);
  }
  Status end() {
    const Status written = write(printable(std::exchange(waiting_, {}), kLayout));
    return written && std::fflush(stdout) != 0 ? failed() : written;
  }

 private:
  static Status write(std::string_view text) {
    const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    return is_written ? Status() : failed();
  }
  static Status failed() {
    return fail(ErrorCode::kIo, fmt::format("standard output: {}", system_message(errno)));
  }

  bool is_terminal_ = ::isatty(STDOUT_FILENO) == 1;
  std::string waiting_;  // the beginning of a character
};

// The answer of the server on the data folder, or from the folder of a stopped one.
Status ask_folder(const HistoryArguments& arguments, const Question& question,
                  const OnChunk& on_chunk) {
  JsonObject request{{"op", operations::kHistoryOp},
                     {"sn", question.device.sn},
                     {"format", is_drawn(arguments) ? "json" : arguments.format}};
  for (const auto& [name, value] : question.parameters) request[name] = value;
  return ask_history(arguments.home.data, request, arguments.home.devices, on_chunk);
}

Result<client::ApiClient> api_of_profile(const HistoryArguments& arguments) {
  GL_TRY(const auto keys, keys_of_profile(profile_of(arguments.home)));
  return client::ApiClient::open(keys);
}

// The answer of a server elsewhere, in JSON.
Result<Json> ask_profile(const HistoryArguments& arguments, const Question& question) {
  GL_TRY(auto api, api_of_profile(arguments));
  auto answer = api.history(question.device.sn, question.parameters);
  if (answer && !is_history(*answer)) {
    return fail(ErrorCode::kMalformed, "the server's answer is no series");
  }
  return answer;
}

// The answer as text.
Result<std::string> ask_profile_text(const HistoryArguments& arguments, const Question& question) {
  if (arguments.format == "json") {
    const auto answer = ask_profile(arguments, question);
    return answer ? Result<std::string>(wire::to_text(*answer)) : std::unexpected(answer.error());
  }
  GL_TRY(auto api, api_of_profile(arguments));
  return api.history_csv(question.device.sn, question.parameters);
}

Result<Json> whole_answer(const HistoryArguments& arguments, const Question& question) {
  if (!profile_of(arguments.home).empty()) return ask_profile(arguments, question);
  std::string whole;
  GL_TRY(ask_folder(arguments, question, [&whole](std::string_view chunk) -> Status {
    if (whole.size() + chunk.size() > kMaxDrawn_bytes) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("the answer is larger than {} MB: request a step, a shorter "
                              "span or fewer fields, or --csv",
                              kMaxDrawn_bytes / 1024 / 1024));
    }
    whole += chunk;
    return {};
  }));
  return wire::parse_json(whole, {.bytes = whole.size(), .keys = 10'000'000});
}

// Adds the decimals of the fields where the answer has none: a server elsewhere does not tell them.
void add_decimals(const catalog::Family& family, JsonObject& answer) {
  for (Json& series : answer.at("series").as_array()) {
    JsonObject& row = series.as_object();
    const catalog::Field* field = family.field(std::string_view(row.at("field").as_string()));
    const auto decimals = field == nullptr ? std::nullopt : catalog::decimals_of(*field);
    if (decimals && !row.contains("decimals")) row["decimals"] = *decimals;
  }
}

// Whether a point has a value: lists and texts have none in a step.
bool has_values(const JsonObject& answer) {
  return std::ranges::any_of(answer.at("series").as_array(), [](const Json& series) {
    return std::ranges::any_of(series.at("points").as_array(),
                               [](const Json& point) { return !point.at(1).is_null(); });
  });
}

// Why there is nothing to draw; empty: nothing was reported, which a drawing says.
std::string nothing_to_draw(const HistoryArguments& arguments, const Question& question) {
  for (const std::string& word : words_of(arguments.fields)) {
    const catalog::Field* field = question.family->field(word);
    if (field != nullptr && !catalog::is_numeric(field->type)) {
      return fmt::format("{} is no number ({}), and is not drawn; --json shows its values", word,
                         catalog::name_of(field->type));
    }
  }
  return {};
}

Status print_drawing(const HistoryArguments& arguments, const Question& question) {
  GL_TRY(auto answer, whole_answer(arguments, question));
  JsonObject& series = answer.get_object();
  add_decimals(*question.family, series);
  if (const std::string why = has_values(series) ? "" : nothing_to_draw(arguments, question);
      !why.empty()) {
    print_note(why);
    return {};
  }
  if (series.at("series").as_array().empty()) {
    print_note(fmt::format("No field of {} that matches {} was reported in this span.",
                           question.device.sn, arguments.fields));
    return {};
  }
  Output output;
  const Status printed = output.put(printable(
      draw_history(series, arguments.format == "table" ? kTableRows : 0, local_zone().zone),
      kLayout));
  return printed ? output.end() : printed;
}

Status print_text(const HistoryArguments& arguments, const Question& question) {
  Output output;
  Status printed;
  if (profile_of(arguments.home).empty()) {
    printed = ask_folder(arguments, question,
                         [&output](std::string_view chunk) { return output.put(chunk); });
  } else {
    GL_TRY(const auto text, ask_profile_text(arguments, question));
    printed = output.put(text);
  }
  if (printed && arguments.format == "json") printed = output.put("\n");
  if (printed) printed = output.end();
  return printed;
}

Status print_history(const HistoryArguments& arguments) {
  GL_TRY(const auto question, question_of(arguments));
  return is_drawn(arguments) ? print_drawing(arguments, question) : print_text(arguments, question);
}

}  // namespace

std::shared_ptr<void> add_history(CLI::App& app, std::function<int()>& chosen) {
  auto arguments = std::make_shared<HistoryArguments>();
  HistoryArguments& a = *arguments;
  CLI::App* verb = add_command(app, "history", "Shows past values of a field");
  set_group(*verb, group::kUse);
  set_examples(*verb,
               {"gridloom history kitchen soc",
                "gridloom history R331ZEB4ZEAL0528 pd.soc,pd.wattsInSum --from -7d --step 1h",
                "gridloom history R331ZEB4ZEAL0528 'pd.*' --from -1h --csv"});
  add_device_argument(*verb, a.device).required();
  add_value(*verb, "field", a.fields, placeholder::kField,
            "Name of the field as in quota/all, or soc and natures such as pv.power, which each "
            "family has under its own name; several: a,b or pd.*")
      .required();
  const Option from = add_value(*verb, "--from,--since", a.from, placeholder::kTime,
                                "Start of the span: -7d, yesterday, 2026-11-01, "
                                "2026-11-01T00:00:00Z, unix ms")
                          .show_default();
  // People type it; --from -1h is the same.
  add_value(*verb, "--last", a.last, placeholder::kSpan, "Length of the span until now: 1h, 7d")
      .excludes(from)
      .group("");
  add_value(*verb, "--to,--until", a.to, placeholder::kTime,
            "End of the span; written as --from, or now")
      .show_default();
  add_value(*verb, "--step", a.step, placeholder::kSpan,
            "Step between values: 10s, 15m, 1h, 1d; a drawing has one that suits the span");
  add_value(*verb, "--aggregate", a.aggregate, placeholder::kWord,
            "Aggregate of each step: mean, min, max, sum, count, last, integral");
  add_value(*verb, "--format", a.format, "FORMAT", "Output format: table, spark, csv, json")
      .check(one_of({"table", "spark", "csv", "json"}))
      .show_default();
  add_flag(*verb, "--csv", a.csv, "Same as --format csv");
  add_home_options(*verb, a.home);
  add_alias(*verb, "plot");
  set_action(*verb, chosen, [&a] {
    if (a.csv) a.format = "csv";
    if (a.home.json) a.format = "json";
    const Status printed = print_history(a);
    return printed ? 0 : report_error(printed.error());
  });
  return arguments;
}

}  // namespace gridloom::app
