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

#include "client/mqtt_link.h"
#include "sim/device_driver.h"
#include "sim/meter_reader.h"
#include "wire/topics.h"

namespace gridloom::sim {
namespace {

using Steady = std::chrono::steady_clock;
using client::MqttLink;

// Limit of unacknowledged reports per device; beyond it, the device sends no reports until the
// server catches up.
constexpr std::size_t kMaxUnacknowledged = 64;
constexpr std::size_t kMaxWindow = 10'000;
constexpr auto kQos = wire::mqtt::Qos::kAtLeastOnce;  // of sets
// With virtual time: limit of reports in flight, if the reports have a timestamp. This is minutes
// of a device's time, where the server accepts a day.
constexpr std::size_t kMaxAhead = 256;
constexpr std::size_t kOpeningAtOnce = 64;  // a server's backlog is short
constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
// With virtual time a device takes larger steps: as many per second as tick() is called, but none
// longer than a model accepts.
constexpr double kStepsEvery_ms = 250;
constexpr Millis kLongestStep{60'000};

// The least step at a speed of the virtual time.
Millis step_of(double speed) {
  return Millis(std::llround(std::min(speed * kStepsEvery_ms, 1.0 * kLongestStep.count())));
}

// The family with reports that carry their time, so that a device need not wait for the server
// after each report.
catalog::FamilyPtr with_timestamps(const catalog::FamilyPtr& family) {
  auto made = std::make_shared<catalog::Family>(*family);
  made->messages.report["timestamp"] = "$now_ms";
  // A report without an envelope has no place for it.
  if (made->messages.report_body.empty()) made->messages.report_body = "params";
  return made;
}

}  // namespace

// A device on its link.
class Fleet::SimulatedDevice final : private DeviceDriver::Connection {
 public:
  SimulatedDevice(Fleet& fleet, Site& site, const Member& member, VirtualFamilyPtr virtual_family)
      : fleet_(fleet),
        site_(site),
        plug_(member.plug),
        topics_(wire::device_topics(member.sn)),
        driver_(std::move(virtual_family), member.sn, Chance(fleet.options_.world.seed),
                environment(), *this, member.last.get(), setup_in(fleet, member)) {
    // Devices have lived more or less of a past that ended early.
    if (fleet.options_.past && member.last) resumes_ = member.last->at.value_or(TimePoint());
    site.join(driver_, plug_, resumes_);
    if (member.last) *member.last = {};
    read_meter(setup_in(fleet, member));
    // Spreads the devices' steps, so that not all fall on the same moment, but those of a site do.
    if (fleet.options_.time != nullptr) return;
    const std::string name = member.site ? fmt::format("site {}", *member.site) : member.sn;
    const auto spread = Chance(0).split(name).uniform(0) *
                        static_cast<double>(device().family().messages.change_ms);
    driver_.keep_phase(fleet.options_.clock->now() - Millis(std::llround(spread)));
  }

  void attach(MqttLink& link, std::size_t most_unacknowledged) {
    link_ = &link;
    most_unacknowledged_ = most_unacknowledged;
  }
  [[nodiscard]] const std::string& sn() const { return device().sn(); }
  // Stores what no report shows, for the next fleet.
  void take_leave() {
    if (const wire::JsonObject unreported = device().unreported(); !unreported.empty()) {
      keep(unreported);
    }
  }
  ~SimulatedDevice() override {
    if (meter_) meter_->close();
  }
  SimulatedDevice(const SimulatedDevice&) = delete;
  SimulatedDevice& operator=(const SimulatedDevice&) = delete;

  void tick(Steady::time_point now) {
    if (meter_) meter_->tick(now);
  }

  // Behind a gateway the server cannot see that a device is gone, so the gateway reports its
  // status.
  void apply_faults(TimePoint now, bool has_own_link) {
    const bool was_cut_off = driver_.cut_off();
    driver_.apply_faults(fleet_.rules_, now);
    if (has_own_link || driver_.cut_off() == was_cut_off) return;
    if (driver_.cut_off()) {
      link_->send(topics_ + "status", R"({"params":{"status":0}})");
    } else {
      report_everything();
    }
  }
  [[nodiscard]] bool cut_off() const { return driver_.cut_off(); }

  [[nodiscard]] bool has_timestamps() const { return device().virtual_family().has_timestamps; }

  void report_everything() {
    if (fleet_.options_.clock->now() >= resumes_) driver_.report_everything(environment());
  }
  void catch_up() {
    if (driver_.is_behind()) driver_.catch_up(environment());
  }
  // A set takes effect at once: the site's other devices come to that moment before it.
  void on_set(std::string_view payload) {
    if (site_.size() > 1) site_.move(fleet_.options_.clock->now());
    if (driver_.on_set(payload, environment())) ++fleet_.counts_.sets;
  }

 private:
  // A meter shows the present, so nobody reads one in the past.
  [[nodiscard]] static Setup setup_in(const Fleet& fleet, const Member& member) {
    Setup setup = member.setup;
    if (fleet.options_.past) setup.meter.reset();
    return setup;
  }
  void read_meter(const Setup& setup) {
    if (!setup.meter) return;
    meter_ = std::make_shared<MeterReader>(MeterReader::Options{
        .meter = *setup.meter,
        .loop = fleet_.options_.loop,
        .buffer = fleet_.buffer_,
        .on_reading = [this](std::optional<double> power_w) { driver_.see_meter(power_w); }});
    fleet_.has_meters_ = true;
  }

  [[nodiscard]] const VirtualDevice& device() const { return driver_.device(); }
  [[nodiscard]] Environment environment() const {
    return site_.at(fleet_.options_.clock->now(), plug_);
  }

  [[nodiscard]] bool is_online() const override { return link_->online(); }
  [[nodiscard]] bool takes_reports() const override {
    return fleet_.options_.time != nullptr || link_->unacknowledged() < most_unacknowledged_;
  }
  void publish(VirtualDevice::Message message) override {
    ++fleet_.counts_.sent;
    topics_.append(message.verb);
    link_->send(topics_, std::move(message.payload));
    topics_.resize(topics_.size() - message.verb.size());
  }

  void keep(const wire::JsonObject& unreported) override {
    if (fleet_.options_.keep) fleet_.options_.keep(sn(), unreported);
  }

  Fleet& fleet_;
  Site& site_;
  catalog::Plug plug_;
  TimePoint resumes_;
  MqttLink* link_ = nullptr;
  std::size_t most_unacknowledged_ = 0;
  std::string topics_;  // without the verb
  DeviceDriver driver_;
  std::shared_ptr<MeterReader> meter_;  // null: it reads none
};

// A connection and the devices behind it.
class Fleet::DeviceLink final : public MqttLink::Listener {
 public:
  DeviceLink(Fleet& fleet, MqttLink::Options options, std::vector<SimulatedDevice*> nodes)
      : fleet_(fleet),
        has_own_link_(!fleet.options_.gateway),
        user_(options.user),
        devices_(std::move(nodes)) {
    const bool ahead = fleet.options_.time != nullptr &&
                       std::ranges::all_of(devices_, [](SimulatedDevice* device) {
                         return device->has_timestamps();
                       });
    ahead_ = ahead ? kMaxAhead : 0;
    options.window = std::min(std::max(kMaxUnacknowledged, ahead_) * devices_.size(), kMaxWindow);
    const std::size_t most = kMaxUnacknowledged * devices_.size();
    link_ = std::make_shared<MqttLink>(std::move(options), *this);
    for (SimulatedDevice* device : devices_) {
      device->attach(*link_, most);
      by_sn_.emplace(device->sn(), device);
    }
  }
  ~DeviceLink() override { link_->close(); }
  DeviceLink(const DeviceLink&) = delete;
  DeviceLink& operator=(const DeviceLink&) = delete;

  [[nodiscard]] MqttLink& link() { return *link_; }
  [[nodiscard]] const MqttLink& link() const { return *link_; }

  void open() {
    waits_to_open_ = false;
    ++fleet_.opening_;
    link_->open();
  }
  // Whether the link should be opened now; true only once until open().
  [[nodiscard]] bool wants_to_open(client::Moment now) {
    if (!link_->closed() || waits_to_open_ || cut_off() || now < link_->retry_at()) return false;
    return waits_to_open_ = true;
  }
  [[nodiscard]] bool arrived() const { return settled_once_ || cut_off(); }
  // Whether messages of these devices still have to reach the server.
  [[nodiscard]] bool waits_for_server() const {
    return !arrived() || (link_->online() && link_->unacknowledged() > ahead_);
  }

  void apply_faults(TimePoint now) {
    for (SimulatedDevice* device : devices_) device->apply_faults(now, has_own_link_);
    if (cut_off()) link_->drop();
  }

  // The device sleeps while no sun feeds it.
  void follow_sleep() {
    if (cut_off()) link_->drop();
  }

  void on_online() override {
    --fleet_.opening_;
    was_online_ = settled_once_ = true;
    was_refused_ = false;
    for (SimulatedDevice* device : devices_) device->report_everything();
    fleet_.connect_later();
  }
  void on_offline(const Error& why) override {
    fleet_.counts_.last_error = why.detail;
    if (std::exchange(was_online_, false)) {
      ++fleet_.counts_.losses;
    } else {
      --fleet_.opening_;
    }
    // Virtual time does not wait for devices that the server does not know.
    if (link_->refused()) settled_once_ = true;
    const bool again = std::exchange(was_refused_, link_->refused());
    if (was_refused_ && !again) spdlog::warn("virtual device {}: {}", user_, why.detail);
    fleet_.connect_later();
    fleet_.tick_later();
  }
  void on_acknowledged(std::chrono::nanoseconds took) override {
    ++fleet_.counts_.acknowledged;
    fleet_.counts_.latencies.add(took);
    const std::size_t left = link_->unacknowledged();
    if (ahead_ != 0 && left == ahead_ / 2) fleet_.tick_later();
    if (left != 0) return;
    for (SimulatedDevice* device : devices_) device->catch_up();
    fleet_.tick_later();
  }
  void on_message(std::string_view topic, std::string_view payload, bool /*retained*/) override {
    const auto set = wire::device_topic(topic);
    if (!set || set->verb != wire::Verb::kSet) return;
    const auto device = by_sn_.find(set->sn);
    if (device != by_sn_.end()) device->second->on_set(payload);
  }

 private:
  [[nodiscard]] bool cut_off() const { return has_own_link_ && devices_.front()->cut_off(); }

  Fleet& fleet_;
  bool has_own_link_;
  std::string user_;
  std::size_t ahead_ = 0;
  std::vector<SimulatedDevice*> devices_;
  std::unordered_map<std::string_view, SimulatedDevice*> by_sn_;
  std::shared_ptr<MqttLink> link_;
  bool waits_to_open_ = false;
  bool was_online_ = false;
  bool was_refused_ = false;
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
  if (!other.last_error.empty()) last_error = other.last_error;
}

Fleet::Fleet(const Options& options, const std::vector<Member>& members)
    : options_(options), buffer_(kReadBytes) {
  for (const SiteOptions& shared : options.sites) {
    sites_.push_back(std::make_unique<Site>(shared));
  }
  const auto world = std::make_shared<SharedWorld>(options.world);
  std::map<catalog::FamilyPtr, VirtualFamilyPtr> virtual_families;
  devices_.resize(members.size());
  for (const bool last : {false, true}) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      const Member& member = members[i];
      if (last != steps_last(member.plug)) continue;
      VirtualFamilyPtr& virtual_family = virtual_families[member.family];
      if (!virtual_family) {
        virtual_family = std::make_shared<VirtualFamily>(
            options.past ? with_timestamps(member.family) : member.family);
      }
      if (!member.site) sites_.push_back(std::make_unique<Site>(world));
      Site& site = member.site ? *sites_.at(*member.site) : *sites_.back();
      devices_[i] = std::make_unique<SimulatedDevice>(*this, site, member, virtual_family);
    }
  }
  std::erase_if(sites_, [](const auto& site) { return site->size() == 0; });
  if (options_.gateway) {
    add_gateway_links(*options_.gateway);
  } else {
    add_links(members);
  }
  if (options_.time == nullptr) return;
  options_.time->allow_until(options_.time->now());
  options_.time->settled_until(TimePoint::min());
}

// A larger fleet would take long for it, and is there to load a server.
Fleet::~Fleet() {
  constexpr std::size_t kMost = 200;
  for (std::size_t k = 0; k < std::min(kMost, devices_.size()); ++k) devices_[k]->take_leave();
}

MqttLink::Options Fleet::link_options() {
  MqttLink::Options made;
  // The devices themselves limit what they send.
  made.max_queued = made.max_queued_bytes = client::MessageQueue::kUnlimited;
  made.server = options_.server;
  made.tls = options_.tls;
  made.loop = options_.loop;
  made.buffer = buffer_;
  return made;
}

void Fleet::add_links(const std::vector<Member>& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    MqttLink::Options device_link = link_options();
    device_link.client_id = device_link.user = members[i].sn;
    device_link.password = members[i].key;
    device_link.filters = {
        {.filter = wire::make_device_topic(members[i].sn, wire::Verb::kSet), .qos = kQos}};
    device_links_.push_back(std::make_unique<DeviceLink>(
        *this, std::move(device_link), std::vector<SimulatedDevice*>{devices_[i].get()}));
    if (members[i].setup.sleeps) sleepers_.push_back(device_links_.back().get());
  }
}

void Fleet::add_gateway_links(const Gateway& gateway) {
  const std::size_t count = std::min(gateway.connections, devices_.size());
  for (std::size_t i = 0; i < count; ++i) {
    MqttLink::Options device_link = link_options();
    device_link.user = "gateway:" + gateway.account;
    device_link.client_id = fmt::format("{}-{}", device_link.user, devices_[i]->sn());
    device_link.password = gateway.key;
    device_link.filters = {{.filter = wire::make_device_topic("+", wire::Verb::kSet), .qos = kQos}};
    std::vector<SimulatedDevice*> nodes;
    for (std::size_t k = i; k < devices_.size(); k += count) nodes.push_back(devices_[k].get());
    device_links_.push_back(
        std::make_unique<DeviceLink>(*this, std::move(device_link), std::move(nodes)));
  }
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
    DeviceLink* device_link = to_open_.front();
    to_open_.pop_front();
    device_link->open();
  }
}

void Fleet::set_faults(std::vector<FaultRule> rules) {
  rules_ = std::move(rules);
  has_faults_ = true;
  apply_faults();
  tick_later();
}

// Runs once more when no rules are left, to end the previous faults.
void Fleet::apply_faults() {
  if (!has_faults_) return;
  has_faults_ = !rules_.empty();
  const TimePoint now = options_.clock->now();
  for (const auto& device_link : device_links_) device_link->apply_faults(now);
}

void Fleet::step(Site& site, TimePoint now) {
  counts_.steps += site.size();
  const auto& past = options_.past;
  if (past && now < past->sparse_until && now - site.reported() < past->apart) {
    site.move(now);
  } else {
    site.step(now);
  }
  for (DeviceLink* each : sleepers_) each->follow_sleep();
}

void Fleet::tick() {
  apply_faults();
  if (has_meters_) {
    for (const auto& device : devices_) device->tick(Steady::now());
  }
  if (ticked_) tend_connections();
  VirtualClock* const time = options_.time;
  if (time == nullptr) {
    const TimePoint now = options_.clock->now();
    for (const auto& site : sites_) {
      if (now >= site->due(step_of(1))) step(*site, now);
    }
    return;
  }
  // Until the server has all messages, time stays at the step that produced them; the last
  // acknowledgement calls tick() again.
  if (waits_for_server()) return;
  const VirtualClock::State at = time->state();
  const Millis least = step_of(time->speed());
  bool stepped = false;
  for (const auto& site : sites_) {
    // When time is paused, all devices are stepped up to it.
    if (at.now < site->due(least) && (!at.paused || at.now <= site->stepped())) continue;
    step(*site, at.now);
    stepped = true;
  }
  if (stepped) return tick_later();
  TimePoint due = TimePoint::max();
  TimePoint settled = at.now;
  for (const auto& site : sites_) {
    due = std::min(due, site->due(least));
    settled = std::min(settled, site->stepped());
  }
  const bool all_taken = std::ranges::all_of(device_links_, [](const auto& device_link) {
    return device_link->link().unacknowledged() == 0;
  });
  if (all_taken) time->settled_until(settled);
  time->allow_until(due);
  if (time->now() >= due) tick_later();
}

void Fleet::tend_connections() {
  const auto now = Steady::now();
  const double gone_s = std::chrono::duration<double>(now - *std::exchange(ticked_, now)).count();
  const double rate = options_.sign_ins_per_second;
  sign_ins_left_ = std::min(sign_ins_left_ + rate * gone_s, std::max(rate, 1.0));
  for (const auto& device_link : device_links_) {
    device_link->link().tick(now);
    if (device_link->wants_to_open(now)) to_open_.push_back(device_link.get());
  }
  connect_more();
}

bool Fleet::waits_for_server() const {
  return std::ranges::any_of(
      device_links_, [](const auto& device_link) { return device_link->waits_for_server(); });
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
  counts.connections = device_links_.size();
  counts.devices = devices_.size();
  for (const auto& device_link : device_links_) {
    if (device_link->link().online()) ++counts.online;
    if (device_link->link().refused()) ++counts.refused;
    if (device_link->arrived()) ++counts.arrived;
    counts.bytes += device_link->link().bytes_sent();
  }
  return counts;
}

}  // namespace gridloom::sim
