// `gridloom watch`: the home or a device live in the terminal; a line a change where it is piped.
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/home/field_lookup.h"
#include "app/process/local_zone.h"
#include "base/clock.h"
#include "base/printable.h"
#include "catalog/readable_values.h"
#include "time/grammar.h"
#include "time/iso_text.h"
#include "with_home/home_status.h"

namespace gridloom::app {
namespace {

using catalog::find_value;
using catalog::flat_values;
using catalog::FlatValue;
using catalog::value_text;
using wire::Json;
using wire::JsonObject;

constexpr Millis kUsualPause{1000};
constexpr std::size_t kMostValue = 44;   // characters in the table
constexpr std::size_t kLeastField = 16;  // characters on a narrow terminal
constexpr std::string_view kTopLeft = "\x1b[H";
constexpr std::string_view kEraseLine = "\x1b[K";
constexpr std::string_view kEraseBelow = "\x1b[J";

struct WatchArguments {
  HomeOptions home;
  std::string device{};
  std::vector<std::string> fields{};
  std::string every{};
  std::uint64_t count = 0;  // 0: without end
};

// The result of one look at the home.
struct Look {
  std::vector<SeenValue> values{};
  std::vector<DeviceStatus> devices{};  // of a whole home
};

// The figures of each device; the names are those of `gridloom status --json`.
Result<Look> look_at_home(OpenHome& home) {
  GL_TRY(const auto devices, home.home->devices());
  Look look;
  for (const ShownDevice& device : devices) {
    look.devices.push_back(read_status(home, device, WithEnergy::kNo));
    const JsonObject facts = status_json(look.devices.back());
    for (const std::string_view name :
         {"online", "chargePercent", "sunW", "gridW", "loadW", "batteryW", "errors"}) {
      const Json& value = facts.at(name);
      look.values.push_back({.sn = device.sn,
                             .field = std::string(name),
                             .value = value,
                             .text = wire::to_text(value)});
    }
  }
  return look;
}

Result<Look> look_at_device(OpenHome& home, const std::string& sn,
                            const std::vector<std::string>& fields) {
  GL_TRY(const auto read, home.home->values(sn));
  const catalog::FamilyPtr& family = home.catalog->of_serial(sn);
  const std::vector<FlatValue> values = flat_values(*family, read.quotas);
  std::vector<std::string> names;
  names.reserve(values.size());
  for (const FlatValue& each : values) names.push_back(each.name);
  if (!fields.empty()) {
    std::vector<std::string> chosen;
    for (const std::string& word : fields) {
      GL_TRY(const auto found, find_quotas(*family, names, word));
      chosen.insert(chosen.end(), found.begin(), found.end());
    }
    names = std::move(chosen);
  }
  Look look;
  for (const std::string& name : names) {
    const Json& value = *find_value(values, name);
    look.values.push_back(
        {.sn = sn, .field = name, .value = value, .text = value_text(family->field(name), value)});
  }
  return look;
}

std::size_t lines_of_terminal() {
  winsize size{};
  const bool is_known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
  return is_known ? size.ws_row : 24;
}

std::string values_text(const Look& look, const std::vector<ValueChange>& changes, bool coloured) {
  Table table({{.title = "", .at_least = 1},
               {.title = "FIELD", .shrinks_to = kLeastField},
               {.title = "VALUE", .shrinks_to = kLeastField}});
  for (const SeenValue& each : look.values) {
    const bool has_changed = std::ranges::any_of(changes, [&](const ValueChange& change) {
      return change.before != nullptr && change.now == &each;
    });
    table.add_styled({{.text = has_changed ? "*" : ""},
                      {.text = printable(each.field)},
                      {.text = shortened_to(printable(each.text), kMostValue),
                       .style = has_changed ? Style::kWarning : Style::kPlain}});
  }
  return table.text(coloured, columns_of_terminal());
}

std::string home_screen(const Look& look, bool coloured) {
  const std::string home_line = home_text(look.devices);
  return home_line + (home_line.empty() ? "" : "\n") +
         status_text(look.devices,
                     {.coloured = coloured, .width = columns_of_terminal(), .marks = true});
}

// Writes the screen over the one before, so that it does not flicker.
std::string drawn_over(std::string_view screen) {
  std::string text(kTopLeft);
  for (const char c : screen) {
    if (c == '\n') text += kEraseLine;
    text += c;
  }
  return text += kEraseBelow;
}

class Watch {
 public:
  Watch(const WatchArguments& arguments, OpenHome& home, std::string sn)
      : arguments_(arguments), home_(home), sn_(std::move(sn)) {}

  // `every`: nothing is looked at in between; nothing: as reports come.
  Status run(const std::optional<Millis>& every) {
    if (!every) follow();
    for (;;) {
      GL_TRY(auto look,
             sn_.empty() ? look_at_home(home_) : look_at_device(home_, sn_, arguments_.fields));
      if (show(look)) return {};
      pause(every.value_or(news_ == nullptr ? kUsualPause : home_.home->pace()));
      if (news_ != nullptr) await_news(look);
    }
  }

 private:
  static void pause(Millis span) { ::poll(nullptr, 0, static_cast<int>(span.count())); }

  void follow() {
    auto news = home_.home->follow(sn_);
    if (news) {
      news_ = std::move(*news);
    } else {
      look_instead(news.error());
    }
  }

  void look_instead(const Error& why) {
    news_.reset();
    fmt::print(stderr, "gridloom: no reports come as they happen ({}): looks once a second\n",
               printable(why.detail));
  }

  // On a screen, the clock and the ages advance without news, too.
  void await_news(const Look& look) {
    const bool is_screen = !arguments_.home.json && fits_screen(look);
    for (;;) {
      const auto come = news_->wait(kUsualPause);
      if (!come) return look_instead(come.error());
      if (*come || is_screen) return;
    }
  }

  // Whether it has shown as much as was asked for.
  bool show(Look& look) {
    const auto changes =
        before_ ? changes_between(before_->values, look.values) : first_changes(look);
    bool is_over = false;
    if (!arguments_.home.json && fits_screen(look)) {
      mark(look, changes);
      show_screen(look, changes);
      is_over = is_last();
    } else {
      for (const ValueChange& change : changes) {
        show_line(change);
        is_over = is_last();
        if (is_over) break;
      }
    }
    std::fflush(stdout);
    before_ = std::move(look);
    return is_over;
  }

  static void mark(Look& look, const std::vector<ValueChange>& changes) {
    for (DeviceStatus& device : look.devices) {
      for (const ValueChange& change : changes) {
        if (change.before == nullptr || change.now->sn != device.device.sn) continue;
        device.changed.push_back(change.now->field);
      }
    }
  }

  bool is_last() { return ++shown_ == arguments_.count; }

  // At the start everything is new: shown only where the user chose what to see.
  [[nodiscard]] std::vector<ValueChange> first_changes(const Look& look) const {
    if (!sn_.empty() && arguments_.fields.empty()) return {};
    return changes_between({}, look.values);
  }

  [[nodiscard]] bool fits_screen(const Look& look) const {
    constexpr std::size_t kAround = 3;     // the clock, the heading, the prompt
    constexpr std::size_t kHomeLines = 3;  // the second of which may be blank
    const std::size_t rows = sn_.empty() ? look.devices.size() + kHomeLines : look.values.size();
    return ::isatty(STDOUT_FILENO) == 1 && rows + kAround <= lines_of_terminal();
  }

  void show_screen(const Look& look, const std::vector<ValueChange>& changes) const {
    const bool coloured = has_colours();
    fmt::print(
        "{}",
        drawn_over(fmt::format(
            "{}  Ctrl-C ends\n{}", time::clock_text(SystemClock().now(), local_zone().zone),
            sn_.empty() ? home_screen(look, coloured) : values_text(look, changes, coloured))));
  }

  void show_line(const ValueChange& change) const {
    const TimePoint now = SystemClock().now();
    if (arguments_.home.json) {
      return print_json(change_json(change, time::iso_text(unix_ms(now), local_zone().zone)));
    }
    fmt::print("{}\n", change_line(change, time::clock_text(now, local_zone().zone)));
  }

  const WatchArguments& arguments_;
  OpenHome& home_;
  std::string sn_;              // empty: all devices
  std::unique_ptr<News> news_;  // null: looks from time to time
  std::optional<Look> before_;
  std::uint64_t shown_ = 0;  // changes, or screens
};

int watch(const WatchArguments& arguments) {
  auto home = open_home(arguments.home);
  if (!home) return report_error(home.error());
  std::optional<Millis> every;
  if (!arguments.every.empty()) {
    const auto span =
        time::parse_span(arguments.every, {.name = "--every", .least = home->home->pace()});
    if (!span) return report_error(span.error(), kWrongUsage);
    every = *span;
  }
  std::string sn;
  if (!arguments.device.empty()) {
    const auto device = device_of(*home, arguments.device);
    if (!device) return report_error(device.error());
    sn = device->sn;
  }
  const Status ended = Watch(arguments, *home, sn).run(every);
  if (ended) return 0;
  return report_error(ended.error(),
                      ended.error().code == ErrorCode::kNotFound ? kWrongUsage : kFailed);
}

}  // namespace

int watch_home(const HomeOptions& options) { return watch({.home = options}); }

std::shared_ptr<void> add_watch(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<WatchArguments>();
  WatchArguments& a = *kept;
  CLI::App* watch_app =
      add_command(app, "watch", "Shows the home, or a device, live; changed values are marked");
  set_group(*watch_app, group::kUse);
  set_examples(*watch_app, {"gridloom watch", "gridloom watch R331ZEB4ZEAL0528 soc pd.wattsOutSum",
                            "gridloom watch R331 --json --count 10"});
  add_device_argument(*watch_app, a.device);
  add_value(*watch_app, "field", a.fields, placeholder::kField,
            "Fields, as for `gridloom get`; all by default");
  add_value(
      *watch_app, "--every", a.every, placeholder::kSpan,
      "Look so often: 500ms, 2s; by default as reports come, and once a second where a server "
      "does not send them");
  add_value(*watch_app, "--count", a.count, placeholder::kCount,
            "End after so many changes, or screens of a terminal")
      .check(whole_number(1, 1'000'000'000));
  add_home_options(*watch_app, a.home);
  add_language_option(*watch_app);
  add_alias(*watch_app, "top");
  set_action(*watch_app, chosen, [&a] { return watch(a); });
  return kept;
}

}  // namespace gridloom::app
