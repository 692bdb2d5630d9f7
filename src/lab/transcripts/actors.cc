#include "transcripts/actors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "base/nearest.h"
#include "catalog/device_faults.h"
#include "transcripts/device_setup.h"
#include "transcripts/pattern.h"
#include "transcripts/words.h"
#include "wire/topics.h"

namespace gridloom::transcripts {
namespace {

constexpr std::string_view kAllFaults = "all";
constexpr Millis kQuarter = std::chrono::minutes(15);

// "<sn>/<verb>" of the topic of an app or a device
std::string topic_end(std::string_view topic) {
  const std::size_t slash = topic.rfind('/', topic.rfind('/') - 1);
  return std::string(topic.substr(slash + 1));
}

// Replaces <id> by the last of `ids`, <id-1> by the one before, and so on.
Result<std::string> with_id(std::string_view payload, const std::vector<std::string>& ids) {
  std::string text(payload);
  const auto hole = find_id(text);
  if (!hole) return text;
  if (hole->back >= ids.size()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: fewer sets were received", text.substr(hole->at, hole->size)));
  }
  return text.replace(hole->at, hole->size, ids[ids.size() - 1 - hole->back]);
}

wire::Json json_of(std::string_view payload) {
  return wire::parse_json(payload, {.keys = 16'384}).value_or(nullptr);
}

}  // namespace

void ReceivedMessages::add(Received message) {
  bytes += message.payload.size();
  messages.push_back(std::move(message));
  while (bytes > kMaxBytes && messages.size() > 1) {
    bytes -= messages.front().payload.size();
    messages.pop_front();
    if (next == 0) {
      ++dropped;
    } else {
      --next;
    }
  }
}

std::size_t PublishedMessages::key_of(std::string_view topic_end, std::string_view payload) {
  constexpr std::size_t kMix = 0x9e3779b97f4a7c15;
  const std::hash<std::string_view> hash;
  return hash(topic_end) * kMix ^ hash(payload);
}

void PublishedMessages::add(std::string_view topic_end, std::string_view payload) {
  keys_.push_back(key_of(topic_end, payload));
  ++counts_[keys_.back()];
  if (keys_.size() <= kMax) return;
  const auto oldest = counts_.find(keys_.front());
  if (--oldest->second == 0) counts_.erase(oldest);
  keys_.pop_front();
}

bool PublishedMessages::contains(std::string_view topic_end, std::string_view payload) const {
  return counts_.contains(key_of(topic_end, payload));
}

void PublishedMessages::clear() {
  counts_.clear();
  keys_.clear();
}

Actors::Device::Device(Actors& owner, catalog::FamilyPtr of, std::string serial, Secret secret)
    : actors(owner), family(std::move(of)), sn(std::move(serial)), key(std::move(secret)) {}

void Actors::Device::publish(sim::VirtualDevice::Message message) {
  if (message.verb == "quota" && !driver->device().malforms_reports()) {
    actors.schema_.report(*family, json_of(message.payload));
  }
  if (message.verb == "set_reply" && set.is_object()) {
    actors.schema_.set_reply(*family, set.get_object(), json_of(message.payload));
  }
  actors.publish(*this, message.verb, message.payload);
}

Actors::Actors(TestServer& server, SchemaChecker& schema, Coverage& coverage,
               const Options& options)
    : server_(server),
      schema_(schema),
      coverage_(coverage),
      options_(options),
      world_(options.site),
      invariants_(options.site.seed, server.clock().now()) {}

Actors::~Actors() {
  for (auto& [sn, device] : devices_) device.client.reset();
  for (auto& [name, app] : apps_) app.client.reset();
  server_.drain();
}

void Actors::begin_action(Interface interface) {
  interface_ = interface;
  for (auto& [name, app] : apps_) {
    // A recording has no expectations for reports, and there are many of them.
    std::erase_if(app.inboxes, [this](const auto& inbox) {
      return !options_.messages_wait || inbox.first.ends_with("/quota");
    });
  }
  if (!options_.messages_wait) device_inboxes_.clear();
  published_.clear();
}

Result<Actors::Device*> Actors::device_of(const std::string& sn) {
  const auto found = devices_.find(sn);
  if (found == devices_.end()) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no device {} here", sn));
  }
  return &found->second;
}

Result<Actors::App*> Actors::app_of(const std::string& account) {
  const auto found = apps_.find(account);
  if (found == apps_.end()) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no account {} here", account));
  }
  return &found->second;
}

const registry::AccessKey* Actors::key_of(const std::string& account) const {
  const auto found = apps_.find(account);
  return found == apps_.end() ? nullptr : &found->second.key;
}

Status Actors::add_account(const std::string& name) {
  GL_TRY(auto added, server_.registry().add_account({.name = name}));
  App& app = apps_[name];
  app.account = added.account;
  app.key = added.key;
  open_app(app);
  return {};
}

void Actors::open_app(App& app) {
  app.client = std::make_unique<MqttClient>(
      server_,
      MqttClient::SignIn{.user = app.account.certificate_account,
                         .password = app.account.certificate_password,
                         .client_id = app.account.certificate_account},
      MqttClient::Hooks{
          .on_message = [this, &app](const MqttClient::Message& message) { app_got(app, message); },
          .on_subscribed = {}});
  app.subscribed.clear();
  server_.drain();
  for (const auto& device : devices_) subscribe(app, device.first);
  server_.drain();
}

void Actors::subscribe(App& app, const std::string& sn) {
  if (!app.client || !app.subscribed.insert(sn).second) return;
  std::vector<std::string> filters;
  using enum wire::Verb;
  for (const wire::Verb verb : {kQuota, kSetReply, kGetReply, kStatus}) {
    filters.push_back(wire::make_open_topic(app.account.certificate_account, sn, verb));
  }
  app.client->subscribe(filters);
}

Status Actors::add_device(const NewDevice& wanted) {
  const catalog::FamilyPtr& family = server_.catalog().of_serial(wanted.sn);
  if (!server_.catalog().find(wanted.family)) {
    std::vector<std::string_view> known;
    for (const catalog::FamilyPtr& each : server_.catalog().families()) {
      known.emplace_back(each->id);
    }
    return fail(ErrorCode::kBadParams,
                fmt::format("there is no family {}; there are {}{}", wanted.family,
                            fmt::join(known, ", "), did_you_mean(wanted.family, known)));
  }
  if (family->id != wanted.family) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is of the family {}", wanted.sn, family->id));
  }
  GL_TRY(sim::check_model(family));
  GL_TRY(const auto setup, setup_from(wanted.setup, *family));
  GL_TRY(auto key, server_.registry().add_device({.sn = wanted.sn,
                                                  .name = fmt::format("My {}", wanted.family),
                                                  .owner = wanted.owner}));
  Device& device =
      devices_.try_emplace(wanted.sn, *this, family, wanted.sn, std::move(key)).first->second;
  if (wanted.played == Played::kBySimulator) {
    device.driver = std::make_unique<sim::DeviceDriver>(
        std::make_shared<sim::VirtualFamily>(family), wanted.sn, Chance(options_.site.seed),
        environment(), device, nullptr, setup);
    invariants_.watch(device.driver->device());
  }
  for (auto& [name, app] : apps_) subscribe(app, wanted.sn);
  server_.drain();
  apply_faults(device);
  if (!device.client && !is_cut_off(device)) open_device(device);
  return {};
}

bool Actors::is_cut_off(const Device& device) { return device.driver && device.driver->cut_off(); }

void Actors::open_device(Device& device) {
  if (device.driver) device.driver->begin_period(server_.clock().now());
  const auto on_subscribed = [this, &device] {
    if (device.driver) say_all(device);
  };
  device.client = std::make_unique<MqttClient>(
      server_,
      MqttClient::SignIn{.user = device.sn, .password = device.key, .client_id = device.sn},
      MqttClient::Hooks{
          .on_message =
              [this, &device](const MqttClient::Message& message) { device_got(device, message); },
          .on_subscribed = on_subscribed});
  server_.drain();
  device.client->subscribe({wire::make_device_topic(device.sn, wire::Verb::kSet)});
  server_.drain();
}

Status Actors::connect_device(const std::string& sn) {
  GL_TRY(const auto device, device_of(sn));
  if (device->client) return fail(ErrorCode::kConflict, fmt::format("{} is connected", sn));
  device->dropped = false;
  device->back.reset();
  if (is_cut_off(*device)) {
    return fail(ErrorCode::kConflict, fmt::format("a fault keeps {} disconnected", sn));
  }
  open_device(*device);
  return {};
}

Status Actors::drop_device(const std::string& sn, Millis span) {
  GL_TRY(const auto device, device_of(sn));
  if (!device->client) {
    return fail(ErrorCode::kConflict, fmt::format("{} is disconnected already", sn));
  }
  device->client.reset();
  device->dropped = true;
  if (span > Millis(0)) device->back = server_.clock().now() + span;
  server_.drain();
  return {};
}

Status Actors::connect_app(const std::string& account) {
  GL_TRY(const auto app, app_of(account));
  if (app->client) return fail(ErrorCode::kConflict, "the app is connected");
  open_app(*app);
  return {};
}

Status Actors::drop_app(const std::string& account) {
  GL_TRY(const auto app, app_of(account));
  app->client.reset();
  server_.drain();
  return {};
}

Status Actors::rotate_app(const std::string& account) {
  GL_TRY(server_.registry().rotate_certificate(account));
  server_.drain();
  return {};
}

void Actors::app_learns(const std::string& account, Secret password) {
  apps_[account].account.certificate_password = std::move(password);
}

void Actors::set_weather(const std::map<std::string, double>& weather) {
  if (weather.empty()) weather_.clear();
  for (const auto& [name, number] : weather) weather_[name] = number;
}

sim::Environment Actors::environment() const {
  sim::Environment environment = world_.at(server_.clock().now());
  const auto apply = [this](std::string_view name, auto change) {
    const auto found = weather_.find(std::string(name));
    if (found != weather_.end()) change(found->second);
  };
  apply("sun", [&](double sun) {
    environment.sun = sun;
    environment.sun_direction.reset();
  });
  apply("clouds", [&](double clouds) { environment.sun *= 1 - clouds; });
  apply("air", [&](double air_c) { environment.set_air(air_c); });
  apply("household", [&](double watts) { environment.household_w = watts; });
  apply("grid", [&](double up) { environment.grid_up = up != 0; });
  return environment;
}

Status Actors::add_fault(const FaultRule& rule) {
  if (!rule.sn.empty()) {
    GL_TRY(device_of(rule.sn));
  }
  if (!rule.account.empty()) {
    GL_TRY(app_of(rule.account));
  }
  if (!is_platform_fault(rule.fault)) {
    GL_TRY(catalog::check_fault_rule(rule, server_.catalog()));
    if (!rule.account.empty()) {
      return fail(ErrorCode::kBadParams, fmt::format("{} is no account's fault", rule.fault));
    }
    if (!rule.sn.empty() && !devices_.at(rule.sn).driver) {
      return fail(ErrorCode::kConflict, fmt::format("{} is no virtual device", rule.sn));
    }
  }
  rules_.push_back(rule);
  apply_faults();
  return {};
}

Status Actors::end_fault(const FaultRule& rule) {
  const auto is_meant = [&rule](const FaultRule& each) {
    return (rule.fault == kAllFaults || each.fault == rule.fault) &&
           (rule.sn.empty() || each.sn == rule.sn);
  };
  if (std::erase_if(rules_, is_meant) == 0) {
    return fail(ErrorCode::kNotFound, fmt::format("no such fault is on: {}", rule.fault));
  }
  apply_faults();
  return {};
}

void Actors::end_faults_whose_time_is_over() {
  const TimePoint now = server_.clock().now();
  const auto is_over = [now](const FaultRule& rule) { return rule.until && now >= *rule.until; };
  if (std::erase_if(rules_, is_over) != 0) apply_faults();
}

// To be called after each change of the fault rules.
void Actors::apply_faults() {
  server_.set_faults(rules_);
  for (auto& [sn, device] : devices_) apply_faults(device);
  server_.drain();
}

void Actors::apply_faults(Device& device) {
  if (!device.driver) return;
  device.driver->apply_faults(rules_, server_.clock().now());
  if (is_cut_off(device)) {
    device.client.reset();
  } else if (!device.client && !device.dropped) {
    open_device(device);
  }
}

Status Actors::add_invariant(const Invariants::Spec& spec) {
  return invariants_.add(spec, server_.clock().now());
}

Status Actors::restart_server() {
  std::vector<App*> apps;
  for (auto& [name, app] : apps_) {
    if (app.client) apps.push_back(&app);
    app.client.reset();
  }
  std::vector<Device*> devices;
  for (auto& [sn, device] : devices_) {
    if (device.client) devices.push_back(&device);
    device.client.reset();
  }
  GL_TRY(server_.restart());
  for (App* app : apps) open_app(*app);
  for (Device* device : devices) open_device(*device);
  return {};
}

void Actors::wait(Millis span) {
  server_.advance({.span = span}, [this] { step_devices(Says::kWhatChanged); });
}

void Actors::leap(const Leap& leap) {
  server_.advance({.span = leap.span, .step = leap.step},
                  [this] { step_devices(Says::kAllNowAndThen); });
  for (auto& [sn, device] : devices_) {
    if (device.driver && device.told != server_.clock().now()) say_all(device);
  }
  server_.drain();
}

void Actors::step_devices(Says says) {
  const TimePoint now = server_.clock().now();
  if (options_.on_step) options_.on_step(now);
  end_faults_whose_time_is_over();
  for (auto& [sn, device] : devices_) {
    if (device.back && now >= *device.back) {
      device.back.reset();
      device.dropped = false;
      if (!is_cut_off(device)) open_device(device);
    }
    if (!device.driver) continue;
    if (!rules_.empty()) apply_faults(device);
    if (now >= device.driver->due()) step(device, says);
  }
}

void Actors::step(Device& device, Says says) {
  const TimePoint now = server_.clock().now();
  const bool talks = device.client && says == Says::kWhatChanged;
  // The values of a device that sends nothing are computed only if there are invariants to check.
  if (!talks && invariants_.empty()) {
    device.driver->move(environment());
  } else {
    device.muted = !talks;
    device.driver->step(environment());
    device.muted = false;
    invariants_.check(device.driver->device(), now);
  }
  if (talks) return;
  if (unix_ms(now) / kQuarter.count() != unix_ms(device.told) / kQuarter.count()) say_all(device);
}

void Actors::say_all(Device& device) {
  device.told = server_.clock().now();
  if (device.client) device.driver->report_everything(environment());
}

Status Actors::app_sends(const std::string& account, const std::string& sn, std::string_view verb,
                         std::string_view payload) {
  GL_TRY(const auto app, app_of(account));
  if (!app->client) return fail(ErrorCode::kConflict, "the app is not connected");
  subscribe(*app, sn);
  app->client->publish(wire::open_topics(app->account.certificate_account, sn).append(verb),
                       payload);
  server_.drain();
  return {};
}

Status Actors::device_sends(const std::string& sn, std::string_view verb,
                            std::string_view payload) {
  GL_TRY(const auto device, device_of(sn));
  if (device->driver) {
    return fail(ErrorCode::kConflict, fmt::format("{} speaks for itself: it is not \"real\"", sn));
  }
  if (!device->client) return fail(ErrorCode::kConflict, fmt::format("{} is not connected", sn));
  GL_TRY(auto text, with_id(payload, device->ids));
  publish(*device, verb, text);
  server_.drain();
  return {};
}

void Actors::publish(Device& device, std::string_view verb, const std::string& payload) {
  if (!device.client) return;
  published_.add(fmt::format("{}/{}", device.sn, verb), payload);
  device.client->publish(wire::device_topics(device.sn).append(verb), payload);
}

void Actors::device_got(Device& device, const MqttClient::Message& message) {
  device.set = json_of(message.payload);
  if (device.set.is_object()) coverage_.set(*device.family, device.set.get_object(), interface_);
  if (const wire::Json* id = wire::member(device.set, "id")) {
    device.ids.push_back(wire::to_text(*id));
  }
  if (!device.driver) {
    device_inboxes_[topic_end(message.topic)].add({message.payload});
    return;
  }
  device.driver->on_set(message.payload, environment());
  invariants_.check(device.driver->device(), server_.clock().now());
}

void Actors::app_got(App& app, const MqttClient::Message& message) {
  const std::string end = topic_end(message.topic);
  app.inboxes[end].add({message.payload, message.retained});
  if (options_.keeps_record) {
    const wire::Json json = json_of(message.payload);
    std::string& record = record_[fmt::format("{} {}", app.account.name, end)];
    record += json.is_null() ? message.payload : Pattern::of(json).text("");
    record += message.retained ? " retained\n" : "\n";
  }
  check_shape(end, message.payload);
}

void Actors::check_shape(const std::string& end, const std::string& payload) {
  const std::string sn = end.substr(0, end.find('/'));
  const std::string verb = end.substr(sn.size() + 1);
  if (verb == "status") return schema_.status(json_of(payload));
  if (published_.contains(end, payload)) return;
  if (verb == "quota") return schema_.altered(end);
  const wire::Json json = json_of(payload);
  if (verb == "get_reply") return schema_.get_reply(*server_.catalog().of_serial(sn), json);
  // A device's reply under the app's own id, or a refusal made by the platform.
  const wire::Json* code = wire::member(json, "code");
  const bool minus = code != nullptr && code->is_string() && code->get_string().starts_with('-');
  if (minus) schema_.refusal(json);
}

ReceivedMessages& Actors::app_inbox(const std::string& account, const std::string& end) {
  return apps_[account].inboxes[end];
}

ReceivedMessages& Actors::device_inbox(const std::string& end) { return device_inboxes_[end]; }

std::vector<Actors::Refusal> Actors::take_refusals() {
  std::vector<Refusal> refusals;
  const auto ask = [&refusals](const std::string& app, const std::string& who,
                               std::unique_ptr<MqttClient>& client) {
    if (!client) return false;
    std::string why = client->take_refused();
    const bool is_over = client->is_over();
    if (why.empty() && is_over) why = "its connection was ended";
    if (!why.empty()) {
      refusals.push_back(
          {.app = app, .text = fmt::format("the platform refused {}: {}", who, why)});
    }
    if (is_over) client.reset();
    return is_over;
  };
  for (auto& [name, app] : apps_) ask(name, name + "'s app", app.client);
  for (auto& [sn, device] : devices_) {
    if (ask("", sn, device.client)) device.dropped = true;
  }
  return refusals;
}

}  // namespace gridloom::transcripts
