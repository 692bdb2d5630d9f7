#include "sim/fleet.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "sim/link.h"
#include "sim/virtual_device.h"

namespace gridloom::sim {
namespace {

using Steady = std::chrono::steady_clock;

// Reports of a device that the server has not acknowledged; beyond, it keeps quiet until the server
// catches up.
constexpr std::size_t kMostUnacknowledged = 64;
constexpr std::size_t kMostWindow = 10'000;
// Of fast time: reports with a time of their own that may be on their way. Minutes of a device,
// where the server takes a day.
constexpr std::size_t kMostAhead = 256;
constexpr std::size_t kOpeningAtOnce = 64;  // a server's backlog is short
constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
// Of fast time a device takes larger steps: as many a second as tick() is called, but no larger
// than a model takes.
constexpr double kStepsEvery_ms = 250;
constexpr Millis kLongestStep{60'000};

constexpr std::string_view kTopics = "/device/";
constexpr std::string_view kSet = "/set";

}  // namespace

// A device and what it has said.
class Fleet::Node {
 public:
  Node(Fleet& fleet, const Member& member, KindPtr kind)
      : fleet_(fleet),
        topics_(fmt::format("{}{}/", kTopics, member.sn)),
        device_(std::move(kind), member.sn, Chance(fleet.options_.world.seed),
                fleet.around(fleet.options_.clock->now())) {
    // Of many devices some always step, not all at the same moment.
    if (fleet.options_.time != nullptr) return;
    const auto spread = Chance(0).split(member.sn).uniform(0) *
                        static_cast<double>(device_.family().messages.change_ms);
    stepped_ = fleet.options_.clock->now() - Millis(std::llround(spread));
  }

  void attach(Link& link, std::size_t most_unacknowledged) {
    link_ = &link;
    most_unacknowledged_ = most_unacknowledged;
  }
  [[nodiscard]] const std::string& sn() const { return device_.sn(); }

  void step(TimePoint now) {
    stepped_ = fleet_.options_.time == nullptr ? last_due(now) : now;
    ++fleet_.counts_.steps;
    device_.step(fleet_.around(now), said_);
    publish();
  }
  [[nodiscard]] TimePoint due(double speed) const {
    const Millis pace(std::llround(std::min(speed * kStepsEvery_ms, 1.0 * kLongestStep.count())));
    return stepped_ + std::max(pace, Millis(device_.family().messages.change_ms));
  }
  [[nodiscard]] TimePoint stepped() const { return stepped_; }

  // Behind a gateway nobody sees that it is gone, so the gateway says so.
  void suffer(TimePoint now, bool has_own_link) {
    const bool was_cut_off = device_.cut_off();
    device_.suffer(fleet_.orders_, now);
    if (has_own_link || device_.cut_off() == was_cut_off) return;
    if (device_.cut_off()) {
      link_->send(topics_ + "status", R"({"params":{"status":0}})");
    } else {
      report_everything();
    }
  }
  [[nodiscard]] bool cut_off() const { return device_.cut_off(); }

  [[nodiscard]] bool tells_time() const { return device_.kind().tells_time; }

  void report_everything() {
    behind_ = false;
    device_.connected(fleet_.around(fleet_.options_.clock->now()), said_);
    publish();
  }
  void catch_up() {
    if (behind_) report_everything();
  }
  void on_set(std::string_view payload) {
    if (device_.cut_off()) return;
    ++fleet_.counts_.sets;
    device_.on_set(payload, fleet_.around(fleet_.options_.clock->now()), said_);
    publish();
  }

 private:
  // In the rhythm that it began with: devices that were held up together part again.
  [[nodiscard]] TimePoint last_due(TimePoint now) const {
    const Millis period(device_.family().messages.change_ms);
    return now - (now - stepped_) % period;
  }
  void publish() {
    for (VirtualDevice::Message& message : said_) {
      if (!link_->online() || device_.cut_off()) break;
      const bool waits = link_->unacknowledged() >= most_unacknowledged_ &&
                         fleet_.options_.time == nullptr && message.verb == "quota";
      behind_ = behind_ || waits;
      if (waits) continue;
      ++fleet_.counts_.sent;
      topics_.append(message.verb);
      link_->send(topics_, std::move(message.payload));
      topics_.resize(topics_.size() - message.verb.size());
    }
    said_.clear();
  }

  Fleet& fleet_;
  Link* link_ = nullptr;
  std::size_t most_unacknowledged_ = 0;
  std::string topics_;  // without the verb
  VirtualDevice device_;
  std::vector<VirtualDevice::Message> said_;
  TimePoint stepped_;
  bool behind_ = false;  // some reports were not sent
};

// A connection and the devices behind it.
class Fleet::Line final : public Link::Owner {
 public:
  Line(Fleet& fleet, Link::Options options, std::vector<Node*> nodes)
      : fleet_(fleet), has_own_link_(!fleet.options_.gateway), nodes_(std::move(nodes)) {
    const bool ahead = fleet.options_.time != nullptr &&
                       std::ranges::all_of(nodes_, [](Node* node) { return node->tells_time(); });
    ahead_ = ahead ? kMostAhead : 0;
    options.window = std::min(std::max(kMostUnacknowledged, ahead_) * nodes_.size(), kMostWindow);
    const std::size_t most = kMostUnacknowledged * nodes_.size();
    link_ = std::make_shared<Link>(std::move(options), *this);
    for (Node* node : nodes_) {
      node->attach(*link_, most);
      by_sn_.emplace(node->sn(), node);
    }
  }
  ~Line() override { link_->close(); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  [[nodiscard]] Link& link() { return *link_; }
  [[nodiscard]] const Link& link() const { return *link_; }

  void open() {
    waits_to_open_ = false;
    ++fleet_.opening_;
    link_->open();
  }
  // Whether it is to be opened; asks for it once.
  [[nodiscard]] bool wants_to_open(client::Moment now) {
    if (!link_->closed() || waits_to_open_ || cut_off() || now < link_->retry_at()) return false;
    return waits_to_open_ = true;
  }
  [[nodiscard]] bool arrived() const { return settled_once_ || cut_off(); }
  // Whether the server does not have everything yet that these devices have to say.
  [[nodiscard]] bool waits_for_server() const {
    return !arrived() || (link_->online() && link_->unacknowledged() > ahead_);
  }

  void suffer(TimePoint now) {
    for (Node* node : nodes_) node->suffer(now, has_own_link_);
    if (cut_off()) link_->drop();
  }

  void on_online() override {
    --fleet_.opening_;
    was_online_ = settled_once_ = true;
    for (Node* node : nodes_) node->report_everything();
    fleet_.connect_later();
  }
  void on_offline(const Fault& why) override {
    fleet_.counts_.trouble = why.detail;
    if (std::exchange(was_online_, false)) {
      ++fleet_.counts_.losses;
    } else {
      --fleet_.opening_;
    }
    // Time does not wait for whom the server does not know.
    if (link_->refused()) settled_once_ = true;
    fleet_.connect_later();
    fleet_.tick_later();
  }
  void on_acknowledged(std::chrono::nanoseconds took) override {
    ++fleet_.counts_.acknowledged;
    fleet_.counts_.latencies.add(took);
    const std::size_t left = link_->unacknowledged();
    if (ahead_ != 0 && left == ahead_ / 2) fleet_.tick_later();
    if (left != 0) return;
    for (Node* node : nodes_) node->catch_up();
    fleet_.tick_later();
  }
  void on_message(std::string_view topic, std::string_view payload) override {
    if (!topic.starts_with(kTopics) || !topic.ends_with(kSet)) return;
    topic.remove_prefix(kTopics.size());
    topic.remove_suffix(std::min(kSet.size(), topic.size()));
    const auto node = by_sn_.find(topic);
    if (node != by_sn_.end()) node->second->on_set(payload);
  }

 private:
  [[nodiscard]] bool cut_off() const { return has_own_link_ && nodes_.front()->cut_off(); }

  Fleet& fleet_;
  bool has_own_link_;
  std::size_t ahead_ = 0;
  std::vector<Node*> nodes_;
  std::unordered_map<std::string_view, Node*> by_sn_;
  std::shared_ptr<Link> link_;
  bool waits_to_open_ = false;
  bool was_online_ = false;
  bool settled_once_ = false;
};

void Fleet::Counts::merge(const Counts& other) {
  connections += other.connections;
  online += other.online;
  refused += other.refused;
  arrived += other.arrived;
  losses += other.losses;
  devices += other.devices;
  steps += other.steps;
  sent += other.sent;
  acknowledged += other.acknowledged;
  sets += other.sets;
  bytes += other.bytes;
  latencies.merge(other.latencies);
  if (!other.trouble.empty()) trouble = other.trouble;
}

Fleet::Fleet(const Options& options, const std::vector<Member>& members)
    : options_(options), world_(options.world), buffer_(kReadBytes) {
  std::map<catalog::FamilyPtr, KindPtr> kinds;
  for (const Member& member : members) {
    KindPtr& kind = kinds[member.family];
    if (!kind) kind = std::make_shared<Kind>(member.family);
    nodes_.push_back(std::make_unique<Node>(*this, member, kind));
  }
  if (options_.gateway) {
    add_gateway_lines(*options_.gateway);
  } else {
    add_lines(members);
  }
  if (options_.time == nullptr) return;
  options_.time->allow_until(options_.time->now());
  options_.time->settled_until(TimePoint::min());
}

Fleet::~Fleet() = default;

Link::Options Fleet::link_options() {
  Link::Options made;
  made.server = options_.server;
  made.tls = options_.tls;
  made.loop = options_.loop;
  made.buffer = buffer_;
  return made;
}

void Fleet::add_lines(const std::vector<Member>& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    Link::Options line = link_options();
    line.client_id = line.user = members[i].sn;
    line.password = members[i].key;
    line.filter = fmt::format("{}{}{}", kTopics, members[i].sn, kSet);
    lines_.push_back(
        std::make_unique<Line>(*this, std::move(line), std::vector<Node*>{nodes_[i].get()}));
  }
}

void Fleet::add_gateway_lines(const Gateway& gateway) {
  const std::size_t count = std::min(gateway.connections, nodes_.size());
  for (std::size_t i = 0; i < count; ++i) {
    Link::Options line = link_options();
    line.user = "gateway:" + gateway.account;
    line.client_id = fmt::format("{}-{}", line.user, nodes_[i]->sn());
    line.password = gateway.key;
    line.filter = fmt::format("{}+{}", kTopics, kSet);
    std::vector<Node*> nodes;
    for (std::size_t k = i; k < nodes_.size(); k += count) nodes.push_back(nodes_[k].get());
    lines_.push_back(std::make_unique<Line>(*this, std::move(line), std::move(nodes)));
  }
}

// Of many devices most ask at the same moment.
const Surroundings& Fleet::around(TimePoint now) {
  if (!around_ || around_->now != now) around_ = world_.at(now);
  return *around_;
}

void Fleet::start() {
  options_.loop->post([this] {
    ticked_ = Steady::now();
    tend_connections();
  });
}

void Fleet::connect_later() {
  if (std::exchange(connects_later_, true)) return;
  options_.loop->post([this] {
    connects_later_ = false;
    connect_more();
  });
}

void Fleet::connect_more() {
  while (!to_open_.empty() && opening_ < kOpeningAtOnce) {
    if (options_.sign_ins_per_second > 0) {
      if (sign_ins_left_ < 1) return;
      --sign_ins_left_;
    }
    Line* line = to_open_.front();
    to_open_.pop_front();
    line->open();
  }
}

void Fleet::set_faults(std::vector<FaultOrder> orders) {
  orders_ = std::move(orders);
  suffers_ = true;
  tick_later();
}

// Once more when there are no orders left, to end what was.
void Fleet::suffer() {
  if (!suffers_) return;
  suffers_ = !orders_.empty();
  const TimePoint now = options_.clock->now();
  for (const auto& line : lines_) line->suffer(now);
}

void Fleet::tick() {
  suffer();
  if (ticked_) tend_connections();
  VirtualClock* const time = options_.time;
  if (time == nullptr) {
    const TimePoint now = options_.clock->now();
    for (const auto& node : nodes_) {
      if (now >= node->due(1)) node->step(now);
    }
    return;
  }
  // While the server does not have everything, time stands at the step that it was said in; the
  // last acknowledgement comes back here.
  if (waits_for_server()) return;
  const VirtualClock::State at = time->state();
  const double speed = time->speed();
  bool stepped = false;
  for (const auto& node : nodes_) {
    // Where time stands still, all devices are to have come as far.
    if (at.now < node->due(speed) && (!at.paused || at.now <= node->stepped())) continue;
    node->step(at.now);
    stepped = true;
  }
  if (stepped) return tick_later();
  TimePoint due = TimePoint::max();
  TimePoint settled = at.now;
  for (const auto& node : nodes_) {
    due = std::min(due, node->due(speed));
    settled = std::min(settled, node->stepped());
  }
  const bool all_taken = std::ranges::all_of(
      lines_, [](const auto& line) { return line->link().unacknowledged() == 0; });
  if (all_taken) time->settled_until(settled);
  time->allow_until(due);
  if (time->now() >= due) tick_later();
}

void Fleet::tend_connections() {
  const auto now = Steady::now();
  const double gone_s = std::chrono::duration<double>(now - *std::exchange(ticked_, now)).count();
  const double rate = options_.sign_ins_per_second;
  sign_ins_left_ = std::min(sign_ins_left_ + rate * gone_s, std::max(rate, 1.0));
  for (const auto& line : lines_) {
    line->link().tick(now);
    if (line->wants_to_open(now)) to_open_.push_back(line.get());
  }
  connect_more();
}

bool Fleet::waits_for_server() const {
  return std::ranges::any_of(lines_, [](const auto& line) { return line->waits_for_server(); });
}

void Fleet::tick_later() {
  if (options_.time == nullptr || std::exchange(ticks_later_, true)) return;
  options_.loop->post([this] {
    ticks_later_ = false;
    tick();
  });
}

Fleet::Counts Fleet::counts() const {
  Counts counts = counts_;
  counts.connections = lines_.size();
  counts.devices = nodes_.size();
  for (const auto& line : lines_) {
    if (line->link().online()) ++counts.online;
    if (line->link().refused()) ++counts.refused;
    if (line->arrived()) ++counts.arrived;
    counts.bytes += line->link().bytes_sent();
  }
  return counts;
}

}  // namespace gridloom::sim
