#include "recordings/playback.h"

#include <fmt/format.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "client/mqtt_link.h"
#include "storage/files.h"
#include "transcripts/words.h"
#include "wire/json.h"
#include "wire/topics.h"

namespace gridloom::recordings {
namespace {

using transcripts::Directive;
using transcripts::Line;
using wire::Json;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
constexpr wire::JsonLimits kJsonLimits{.bytes = std::size_t{1} << 20U, .keys = 16'384};

std::int64_t steady_ms() {
  return std::chrono::floor<Millis>(Steady::now().time_since_epoch()).count();
}

// Inserts after all entries with the same or an earlier time.
template <typename Schedule, typename Kind>
void put_in(Schedule& schedule, Kind what) {
  const auto later = std::ranges::upper_bound(schedule, what.at, {}, &Kind::at);
  schedule.insert(later, std::move(what));
}

class Reader {
 public:
  explicit Reader(const catalog::Catalog& catalog) : catalog_(catalog) {}

  Status read(const Line& line) {
    const std::vector<std::string>& words = line.words;
    switch (line.directive) {
      case Directive::kDevice:
        if (words.size() == 5) add(words[1]);
        return {};
      case Directive::kWait:
        now_ += line.span;
        return {};
      case Directive::kConnect:
      case Directive::kDrop: {
        if (words[0] != "device" || !scripts_.contains(words[1])) return {};
        const bool drops = line.directive == Directive::kDrop;
        action(
            words[1],
            {.at = now_, .kind = drops ? DeviceAction::Kind::kDrop : DeviceAction::Kind::kConnect});
        if (drops && line.span > Millis(0)) {
          action(words[1], {.at = now_ + line.span, .kind = DeviceAction::Kind::kConnect});
        }
        return {};
      }
      case Directive::kDeviceReceives:
        return read_set(line);
      case Directive::kDeviceSends:
        read_message(line);
        return {};
      default:
        return {};
    }
  }

  [[nodiscard]] std::vector<DeviceScript> take() {
    std::vector<DeviceScript> scripts;
    scripts.reserve(order_.size());
    for (const std::string& sn : order_) {
      scripts.push_back(std::move(scripts_.at(sn).device));
    }
    return scripts;
  }

 private:
  struct TrafficEvent {
    DeviceScript device;
    std::vector<Millis> asked_at;  // parallel to part.answers
  };

  void add(const std::string& sn) {
    order_.push_back(sn);
    scripts_[sn].device = {.family = catalog_.of_serial(sn), .sn = sn};
    action(sn, {.at = now_, .kind = DeviceAction::Kind::kConnect});
  }
  void action(const std::string& sn, DeviceAction action) {
    put_in(scripts_[sn].device.actions, std::move(action));
  }

  Status read_set(const Line& line) {
    const auto found = scripts_.find(line.words[0]);
    if (found == scripts_.end() || line.payload == "none") return {};
    GL_TRY(auto pattern, transcripts::Pattern::parse(line.payload));
    TrafficEvent& event = found->second;
    event.device.answers.push_back(
        {.set = std::move(pattern), .set_text = line.payload, .payload = {}});
    event.asked_at.push_back(now_);
    return {};
  }

  void read_message(const Line& line) {
    const auto found = scripts_.find(line.words[0]);
    if (found == scripts_.end()) return;
    TrafficEvent& event = found->second;
    const auto place =
        line.words[1] == "set_reply" ? transcripts::find_id(line.payload) : std::nullopt;
    if (!place || place->back >= event.device.answers.size()) {
      return action(line.words[0], {.at = now_,
                                    .kind = DeviceAction::Kind::kSend,
                                    .verb = line.words[1],
                                    .payload = line.payload});
    }
    const std::size_t which = event.device.answers.size() - 1 - place->back;
    RecordedAnswer& answer = event.device.answers[which];
    answer.after = now_ - event.asked_at[which];
    answer.payload = line.payload;
  }

  const catalog::Catalog& catalog_;
  Millis now_{0};
  std::vector<std::string> order_;
  std::map<std::string, TrafficEvent, std::less<>> scripts_;
};

}  // namespace

Result<std::vector<DeviceScript>> device_scripts(const transcripts::Script& script,
                                                 const catalog::Catalog& catalog) {
  Reader reader(catalog);
  for (const Line& line : script.lines) {
    if (Status read = reader.read(line); !read) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("{}:{}: {}", script.file, line.number, read.error().detail));
    }
  }
  auto scripts = reader.take();
  if (!scripts.empty()) return scripts;
  return fail(
      ErrorCode::kBadParams,
      fmt::format("{}: it has no device that is marked \"real\", as the devices of a recording are",
                  script.file));
}

// Wakes the loop when the next action is due.
class Playback::Alarm final : public net::IoLoop::Watched {
 public:
  explicit Alarm(Playback& playback)
      : playback_(playback),
        timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {}
  [[nodiscard]] int fd() const { return timer_.get(); }
  void set(Millis from_now) {
    const std::int64_t ms = std::max<std::int64_t>(from_now.count(), 0);
    itimerspec when{};
    when.it_value.tv_sec = ms / 1000;
    when.it_value.tv_nsec = ms % 1000 * 1'000'000 + 1;  // 0 would disarm the timer
    ::timerfd_settime(timer_.get(), 0, &when, nullptr);
  }

 private:
  void on_ready(std::uint32_t /*events*/) override {
    std::uint64_t rung = 0;
    if (::read(timer_.get(), &rung, sizeof(rung)) > 0) playback_.play();
  }
  void on_turn_end() override {}

  Playback& playback_;
  storage::FileDescriptor timer_;
};

// A device and its connection to the server.
class Playback::Actor final : public client::MqttLink::Listener {
 public:
  Actor(Playback& playback, PlayedDevice player)
      : playback_(playback),
        script_(std::move(player.device)),
        topic_(wire::device_topics(script_.sn)),
        link_(std::make_shared<client::MqttLink>(
            client::MqttLink::Options{
                .server = playback.options_.server,
                .tls = playback.options_.tls,
                .loop = playback.options_.loop,
                .buffer = playback.buffer_,
                .client_id = script_.sn,
                .user = script_.sn,
                .password = std::move(player.key),
                .filters = {{.filter = topic_ + "set", .qos = wire::mqtt::Qos::kAtLeastOnce}},
                .max_queued = client::MessageQueue::kUnlimited,
                .max_queued_bytes = client::MessageQueue::kUnlimited},
            *this)) {}
  ~Actor() override { link_->close(); }

  // The device should be online but is not; a device that was refused is not awaited.
  [[nodiscard]] bool is_awaited() const { return wants_ && !link_->online() && !link_->refused(); }
  [[nodiscard]] bool is_refused() const { return link_->refused(); }
  [[nodiscard]] bool is_over() const {
    return next_ == script_.actions.size() && late_.empty() && link_->unacknowledged() == 0;
  }
  [[nodiscard]] std::optional<Millis> due() const {
    std::optional<Millis> due;
    if (next_ < script_.actions.size()) due = script_.actions[next_].at;
    if (!late_.empty()) due = std::min(due.value_or(late_.front().at), late_.front().at);
    return due;
  }

  void tick(client::Moment now) {
    link_->tick(now);
    if (wants_ && link_->closed() && now >= link_->retry_at()) link_->open();
  }

  // Plays the next action. False: none is due, or a connection must be established first.
  bool play(Millis now) {
    if (!late_.empty() && late_.front().at <= now) {
      const Late late = std::move(late_.front());
      late_.pop_front();
      ++playback_.counts_.answered;
      send("set_reply", late.payload);
      return true;
    }
    if (next_ == script_.actions.size() || script_.actions[next_].at > now || is_awaited())
      return false;
    const DeviceAction& action = script_.actions[next_++];
    switch (action.kind) {
      case DeviceAction::Kind::kConnect:
        if (!std::exchange(wants_, true)) link_->open();
        break;
      case DeviceAction::Kind::kDrop:
        wants_ = false;
        link_->drop();
        break;
      case DeviceAction::Kind::kSend:
        send(action.verb, action.payload);
    }
    return true;
  }

 private:
  struct Late {
    Millis at{0};
    std::string payload;
  };

  void send(std::string_view verb, const std::string& payload) {
    if (!link_->online()) return;
    ++playback_.counts_.sent;
    link_->send(topic_ + std::string(verb), payload);
  }

  // The answer recorded for this very set, or else for a set of the same command.
  [[nodiscard]] const RecordedAnswer* answer_to(const Json& set) const {
    for (const RecordedAnswer& answer : script_.answers) {
      if (!answer.set.difference(set)) return &answer;
    }
    const catalog::Command* command = command_of(set);
    if (command == nullptr) return nullptr;
    for (const RecordedAnswer& answer : script_.answers) {
      const auto recorded = wire::parse_json(without_holes(answer.set_text), kJsonLimits);
      if (recorded && command_of(*recorded) == command) return &answer;
    }
    return nullptr;
  }
  [[nodiscard]] const catalog::Command* command_of(const Json& set) const {
    if (!set.is_object()) return nullptr;
    const auto checked = catalog::check_set(*script_.family, set.get_object());
    return checked ? checked->command : nullptr;
  }
  // Makes JSON of a pattern: the id is the only hole in a recording.
  static std::string without_holes(std::string text) {
    if (const auto place = transcripts::find_id(text)) text.replace(place->at, place->size, "0");
    return text;
  }

  void on_online() override { playback_.play(); }
  void on_offline(const Error& why) override {
    if (!wants_) return;
    ++playback_.counts_.losses;
    playback_.counts_.last_error = why.detail;
  }
  void on_acknowledged(std::chrono::nanoseconds /*took*/) override {
    ++playback_.counts_.acknowledged;
  }
  void on_message(std::string_view /*topic*/, std::string_view payload,
                  bool /*retained*/) override {
    ++playback_.counts_.sets;
    const auto set = wire::parse_json(payload, kJsonLimits);
    const RecordedAnswer* answer = set ? answer_to(*set) : nullptr;
    if (answer == nullptr || answer->payload.empty()) return;
    std::string reply = answer->payload;
    const Json* id = wire::member(*set, "id");
    if (const auto place = transcripts::find_id(reply)) {
      reply.replace(place->at, place->size, id == nullptr ? "0" : wire::to_text(*id));
    }
    put_in(late_, Late{.at = playback_.played() + answer->after, .payload = std::move(reply)});
    playback_.play();
  }

  Playback& playback_;
  DeviceScript script_;
  std::string topic_;
  std::shared_ptr<client::MqttLink> link_;
  std::size_t next_ = 0;  // of the cues
  std::deque<Late> late_;
  bool wants_ = false;  // should be online
};

Playback::Playback(Options options, std::vector<PlayedDevice> players)
    : options_(std::move(options)), buffer_(kReadBytes), alarm_(std::make_shared<Alarm>(*this)) {
  for (PlayedDevice& player : players) {
    actors_.push_back(std::make_unique<Actor>(*this, std::move(player)));
  }
}

Playback::~Playback() = default;

void Playback::start() {
  options_.loop->post([this] {
    if (Status watched = options_.loop->watch(alarm_->fd(), *alarm_); !watched) {
      counts_.last_error = watched.error().detail;
    }
    looked_at_ms_ = steady_ms();
    started_ = true;
    play();
  });
}

void Playback::tick() {
  if (!started_) return;
  const auto now = Steady::now();
  for (const auto& actor : actors_) actor->tick(now);
  play();
}

bool Playback::all_there() const {
  return std::ranges::none_of(actors_, [](const auto& actor) { return actor->is_awaited(); });
}

void Playback::play() {
  const std::int64_t now_ms = steady_ms();
  const std::int64_t passed_ms = now_ms - std::exchange(looked_at_ms_, now_ms);
  if (all_there()) played_ms_ += static_cast<double>(passed_ms) * options_.speed;
  std::optional<Millis> due;
  for (const auto& actor : actors_) {
    while (actor->play(played())) {
    }
    if (const auto next = actor->due()) due = std::min(due.value_or(*next), *next);
  }
  if (!due || !all_there()) return;  // otherwise the awaited connection calls play() again
  const double wait_ms = (static_cast<double>(due->count()) - played_ms_) / options_.speed;
  alarm_->set(Millis(std::llround(std::ceil(wait_ms))));
}

Playback::Counts Playback::counts() const {
  Counts counts = counts_;
  counts.devices = actors_.size();
  counts.refused = static_cast<std::size_t>(
      std::ranges::count_if(actors_, [](const auto& actor) { return actor->is_refused(); }));
  counts.played = played();
  counts.is_over = started_ && std::ranges::all_of(actors_, [](const auto& actor) {
                     return actor->is_over() || actor->is_refused();
                   });
  return counts;
}

}  // namespace gridloom::recordings
