#include "transcripts/cast.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/chance.h"
#include "sim/troubles.h"
#include "transcripts/pattern.h"
#include "transcripts/words.h"

namespace gridloom::transcripts {
namespace {

constexpr std::string_view kAllFaults = "all";
constexpr Millis kQuarter = std::chrono::minutes(15);

// "/open/<account>/<sn>/<verb>" and "/device/<sn>/<verb>" -> "<sn>/<verb>"
std::string topic_end(std::string_view topic) {
  const std::size_t slash = topic.rfind('/', topic.rfind('/') - 1);
  return std::string(topic.substr(slash + 1));
}

// <id> becomes the last of `ids`, <id-1> the one before it.
Result<std::string> with_id(std::string_view payload, const std::vector<std::string>& ids) {
  std::string text(payload);
  const auto hole = find_id(text);
  if (!hole) return text;
  if (hole->back >= ids.size()) {
    return fail(FaultKind::kNotFound,
                fmt::format("{}: so many sets have not come", text.substr(hole->at, hole->size)));
  }
  return text.replace(hole->at, hole->size, ids[ids.size() - 1 - hole->back]);
}

wire::Json json_of(std::string_view payload) {
  return wire::parse_json(payload, {.keys = 16'384}).value_or(nullptr);
}

}  // namespace

Cast::Cast(Stage& stage, Shapes& shapes, Coverage& coverage, const Options& options)
    : stage_(stage),
      shapes_(shapes),
      coverage_(coverage),
      options_(options),
      world_(options.site),
      invariants_(options.site.seed, stage.clock().now()) {}

Cast::~Cast() {
  for (auto& [sn, device] : devices_) device.client.reset();
  for (auto& [name, app] : apps_) app.client.reset();
  stage_.drain();
}

void Cast::begin_action(Door door) {
  door_ = door;
  for (auto& [name, app] : apps_) {
    // Of reports a recording expects nothing, and there are many.
    std::erase_if(app.inboxes, [this](const auto& inbox) {
      return !options_.messages_wait || inbox.first.ends_with("/quota");
    });
  }
  if (!options_.messages_wait) device_inboxes_.clear();
  published_.clear();
}

Result<Cast::Device*> Cast::device_of(const std::string& sn) {
  const auto found = devices_.find(sn);
  if (found == devices_.end()) {
    return fail(FaultKind::kNotFound, fmt::format("there is no device {} here", sn));
  }
  return &found->second;
}

Result<Cast::App*> Cast::app_of(const std::string& account) {
  const auto found = apps_.find(account);
  if (found == apps_.end()) {
    return fail(FaultKind::kNotFound, fmt::format("there is no account {} here", account));
  }
  return &found->second;
}

const registry::AccessKey* Cast::key_of(const std::string& account) const {
  const auto found = apps_.find(account);
  return found == apps_.end() ? nullptr : &found->second.key;
}

Status Cast::add_account(const std::string& name) {
  auto added = stage_.registry().add_account({.name = name});
  if (!added) return std::unexpected(added.error());
  App& app = apps_[name];
  app.account = added->account;
  app.key = added->key;
  open_app(app);
  return {};
}

void Cast::open_app(App& app) {
  app.client = std::make_unique<MqttClient>(
      stage_,
      MqttClient::SignIn{.user = app.account.certificate_account,
                         .password = app.account.certificate_password,
                         .client_id = app.account.certificate_account},
      MqttClient::Hooks{
          .on_message = [this, &app](const MqttClient::Message& message) { app_got(app, message); },
          .on_subscribed = {}});
  app.subscribed.clear();
  stage_.drain();
  for (const auto& device : devices_) subscribe(app, device.first);
  stage_.drain();
}

void Cast::subscribe(App& app, const std::string& sn) {
  if (!app.client || !app.subscribed.insert(sn).second) return;
  std::vector<std::string> filters;
  for (const char* verb : {"quota", "set_reply", "get_reply", "status"}) {
    filters.push_back(fmt::format("/open/{}/{}/{}", app.account.certificate_account, sn, verb));
  }
  app.client->subscribe(filters);
}

Status Cast::add_device(const NewDevice& wanted) {
  const catalog::FamilyPtr& family = stage_.catalog().of_serial(wanted.sn);
  if (family->id != wanted.family) {
    return fail(FaultKind::kBadParams,
                fmt::format("{} is of the family {}", wanted.sn, family->id));
  }
  auto key = stage_.registry().add_device(
      {.sn = wanted.sn, .name = fmt::format("My {}", wanted.family), .owner = wanted.owner});
  if (!key) return std::unexpected(key.error());
  Device& device = devices_[wanted.sn];
  device.family = family;
  device.sn = wanted.sn;
  device.key = std::move(*key);
  if (wanted.played == Played::kBySimulator) {
    device.simulated = std::make_unique<sim::VirtualDevice>(
        std::make_shared<sim::Kind>(family), wanted.sn, Chance(options_.site.seed), around());
    invariants_.watch(*device.simulated);
  }
  for (auto& [name, app] : apps_) subscribe(app, wanted.sn);
  stage_.drain();
  suffer(device);
  if (!device.client && !is_cut_off(device)) open_device(device);
  return {};
}

bool Cast::is_cut_off(const Device& device) {
  return device.simulated && device.simulated->cut_off();
}

void Cast::open_device(Device& device) {
  device.due = stage_.clock().now() + Millis(device.family->messages.change_ms);
  const auto on_subscribed = [this, &device] {
    if (device.simulated) say_all(device);
  };
  device.client = std::make_unique<MqttClient>(
      stage_, MqttClient::SignIn{.user = device.sn, .password = device.key, .client_id = device.sn},
      MqttClient::Hooks{
          .on_message =
              [this, &device](const MqttClient::Message& message) { device_got(device, message); },
          .on_subscribed = on_subscribed});
  stage_.drain();
  device.client->subscribe({fmt::format("/device/{}/set", device.sn)});
  stage_.drain();
}

Status Cast::connect_device(const std::string& sn) {
  const auto device = device_of(sn);
  if (!device) return std::unexpected(device.error());
  if ((*device)->client) return fail(FaultKind::kConflict, fmt::format("{} is connected", sn));
  (*device)->dropped = false;
  (*device)->back.reset();
  if (is_cut_off(**device)) {
    return fail(FaultKind::kConflict, fmt::format("a fault keeps {} away", sn));
  }
  open_device(**device);
  return {};
}

Status Cast::drop_device(const std::string& sn, Millis span) {
  const auto device = device_of(sn);
  if (!device) return std::unexpected(device.error());
  if (!(*device)->client) return fail(FaultKind::kConflict, fmt::format("{} is away already", sn));
  (*device)->client.reset();
  (*device)->dropped = true;
  if (span > Millis(0)) (*device)->back = stage_.clock().now() + span;
  stage_.drain();
  return {};
}

Status Cast::connect_app(const std::string& account) {
  const auto app = app_of(account);
  if (!app) return std::unexpected(app.error());
  if ((*app)->client) return fail(FaultKind::kConflict, "the app is connected");
  open_app(**app);
  return {};
}

Status Cast::drop_app(const std::string& account) {
  const auto app = app_of(account);
  if (!app) return std::unexpected(app.error());
  (*app)->client.reset();
  stage_.drain();
  return {};
}

Status Cast::rotate_app(const std::string& account) {
  const auto rotated = stage_.registry().rotate_certificate(account);
  if (!rotated) return std::unexpected(rotated.error());
  stage_.drain();
  return {};
}

void Cast::app_learns(const std::string& account, Secret password) {
  apps_[account].account.certificate_password = std::move(password);
}

void Cast::set_weather(const std::map<std::string, double>& weather) {
  if (weather.empty()) weather_.clear();
  for (const auto& [name, number] : weather) weather_[name] = number;
}

sim::Surroundings Cast::around() const {
  sim::Surroundings around = world_.at(stage_.clock().now());
  const auto apply = [this](std::string_view name, auto change) {
    const auto found = weather_.find(std::string(name));
    if (found != weather_.end()) change(found->second);
  };
  apply("sun", [&](double sun) { around.sun = sun; });
  apply("clouds", [&](double clouds) { around.sun *= 1 - clouds; });
  apply("air", [&](double air_c) { around.air_c = air_c; });
  apply("household", [&](double watts) { around.household_w = watts; });
  apply("grid", [&](double up) { around.grid_up = up != 0; });
  return around;
}

Status Cast::add_fault(const FaultOrder& order) {
  if (!order.sn.empty()) {
    if (const auto device = device_of(order.sn); !device) return std::unexpected(device.error());
  }
  if (!order.account.empty()) {
    if (const auto app = app_of(order.account); !app) return std::unexpected(app.error());
  }
  if (!is_platform_fault(order.fault)) {
    if (Status known = sim::check_order(order, stage_.catalog()); !known) return known;
    if (!order.account.empty()) {
      return fail(FaultKind::kBadParams, fmt::format("{} is no account's fault", order.fault));
    }
    if (!order.sn.empty() && !devices_.at(order.sn).simulated) {
      return fail(FaultKind::kConflict, fmt::format("{} is no virtual device", order.sn));
    }
  }
  orders_.push_back(order);
  suffer();
  return {};
}

Status Cast::end_fault(const FaultOrder& order) {
  const auto is_meant = [&order](const FaultOrder& each) {
    return (order.fault == kAllFaults || each.fault == order.fault) &&
           (order.sn.empty() || each.sn == order.sn);
  };
  if (std::erase_if(orders_, is_meant) == 0) {
    return fail(FaultKind::kNotFound, fmt::format("no such fault is on: {}", order.fault));
  }
  suffer();
  return {};
}

void Cast::end_faults_whose_time_is_over() {
  const TimePoint now = stage_.clock().now();
  const auto is_over = [now](const FaultOrder& order) {
    return order.until && now >= *order.until;
  };
  if (std::erase_if(orders_, is_over) != 0) suffer();
}

// The orders have changed.
void Cast::suffer() {
  stage_.set_faults(orders_);
  for (auto& [sn, device] : devices_) suffer(device);
  stage_.drain();
}

void Cast::suffer(Device& device) {
  if (!device.simulated) return;
  device.simulated->suffer(orders_, stage_.clock().now());
  if (is_cut_off(device)) {
    device.client.reset();
  } else if (!device.client && !device.dropped) {
    open_device(device);
  }
}

// Whether what it reports is as its family's file has it.
bool Cast::says_nonsense(const Device& device) const {
  return std::ranges::any_of(orders_, [&](const FaultOrder& order) {
    return order.fault == sim::trouble::kMalformed &&
           sim::holds(order, device.sn, stage_.clock().now(), Chance(options_.site.seed));
  });
}

Status Cast::add_invariant(const Invariants::Spec& spec) {
  return invariants_.add(spec, stage_.clock().now());
}

Status Cast::restart_server() {
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
  if (Status restarted = stage_.restart(); !restarted) return restarted;
  for (App* app : apps) open_app(*app);
  for (Device* device : devices) open_device(*device);
  return {};
}

void Cast::wait(Millis span) {
  stage_.advance({.span = span}, [this] { step_devices(Says::kWhatChanged); });
}

void Cast::leap(const Leap& leap) {
  stage_.advance({.span = leap.span, .step = leap.step},
                 [this] { step_devices(Says::kAllNowAndThen); });
  for (auto& [sn, device] : devices_) {
    if (device.simulated && device.told != stage_.clock().now()) say_all(device);
  }
  stage_.drain();
}

void Cast::step_devices(Says says) {
  const TimePoint now = stage_.clock().now();
  end_faults_whose_time_is_over();
  for (auto& [sn, device] : devices_) {
    if (device.back && now >= *device.back) {
      device.back.reset();
      device.dropped = false;
      if (!is_cut_off(device)) open_device(device);
    }
    if (!device.simulated) continue;
    if (!orders_.empty()) suffer(device);
    if (now >= device.due) step(device, says);
  }
}

void Cast::step(Device& device, Says says) {
  const TimePoint now = stage_.clock().now();
  device.due = now + Millis(device.family->messages.change_ms);
  const bool talks = device.client && says == Says::kWhatChanged;
  std::vector<sim::VirtualDevice::Message> messages;
  // Who says nothing need not know its values, unless somebody looks at them.
  if (!talks && invariants_.empty()) {
    device.simulated->move(around());
  } else {
    device.simulated->step(around(), messages);
    invariants_.check(*device.simulated, now);
  }
  if (talks) return publish(device, messages);
  if (unix_ms(now) / kQuarter.count() != unix_ms(device.told) / kQuarter.count()) say_all(device);
}

void Cast::say_all(Device& device) {
  device.told = stage_.clock().now();
  std::vector<sim::VirtualDevice::Message> messages;
  if (device.client) device.simulated->connected(around(), messages);
  publish(device, messages);
}

Status Cast::app_sends(const std::string& account, const std::string& sn, std::string_view verb,
                       std::string_view payload) {
  const auto app = app_of(account);
  if (!app) return std::unexpected(app.error());
  if (!(*app)->client) return fail(FaultKind::kConflict, "the app is not connected");
  subscribe(**app, sn);
  (*app)->client->publish(
      fmt::format("/open/{}/{}/{}", (*app)->account.certificate_account, sn, verb), payload);
  stage_.drain();
  return {};
}

Status Cast::device_sends(const std::string& sn, std::string_view verb, std::string_view payload) {
  const auto device = device_of(sn);
  if (!device) return std::unexpected(device.error());
  if ((*device)->simulated) {
    return fail(FaultKind::kConflict, fmt::format("{} speaks for itself: it is not \"real\"", sn));
  }
  if (!(*device)->client) return fail(FaultKind::kConflict, fmt::format("{} is not connected", sn));
  auto text = with_id(payload, (*device)->ids);
  if (!text) return std::unexpected(text.error());
  publish(**device, verb, *text);
  stage_.drain();
  return {};
}

void Cast::publish(Device& device, const std::vector<sim::VirtualDevice::Message>& messages) {
  if (!device.client) return;
  const bool checked = !says_nonsense(device);
  for (const auto& message : messages) {
    if (message.verb == "quota" && checked) {
      shapes_.report(*device.family, json_of(message.payload));
    }
    publish(device, message.verb, message.payload);
  }
}

void Cast::publish(Device& device, std::string_view verb, const std::string& payload) {
  if (!device.client) return;
  published_.insert(fmt::format("{}/{} {}", device.sn, verb, payload));
  device.client->publish(fmt::format("/device/{}/{}", device.sn, verb), payload);
}

void Cast::device_got(Device& device, const MqttClient::Message& message) {
  const wire::Json request = json_of(message.payload);
  if (request.is_object()) coverage_.set(*device.family, request.get_object(), door_);
  if (const wire::Json* id = wire::member(request, "id")) device.ids.push_back(wire::to_text(*id));
  if (!device.simulated) {
    device_inboxes_[topic_end(message.topic)].messages.push_back({message.payload});
    return;
  }
  std::vector<sim::VirtualDevice::Message> messages;
  device.simulated->on_set(message.payload, around(), messages);
  invariants_.check(*device.simulated, stage_.clock().now());
  for (const auto& answer : messages) {
    if (answer.verb != "set_reply" || !request.is_object()) continue;
    shapes_.set_reply(*device.family, request.get_object(), json_of(answer.payload));
  }
  publish(device, messages);
}

void Cast::app_got(App& app, const MqttClient::Message& message) {
  const std::string end = topic_end(message.topic);
  app.inboxes[end].messages.push_back({message.payload, message.retained});
  if (options_.keeps_record) {
    const wire::Json json = json_of(message.payload);
    std::string& record = record_[fmt::format("{} {}", app.account.name, end)];
    record += json.is_null() ? message.payload : Pattern::of(json).text("");
    record += message.retained ? " retained\n" : "\n";
  }
  check_shape(end, message.payload);
}

void Cast::check_shape(const std::string& end, const std::string& payload) {
  const std::string sn = end.substr(0, end.find('/'));
  const std::string verb = end.substr(sn.size() + 1);
  if (verb == "status") return shapes_.status(json_of(payload));
  if (published_.contains(end + ' ' + payload)) return;
  if (verb == "quota") return shapes_.altered(end);
  const wire::Json json = json_of(payload);
  if (verb == "get_reply") return shapes_.get_reply(*stage_.catalog().of_serial(sn), json);
  // A device's reply whose id is the app's own again, or a refusal of the platform's.
  const wire::Json* code = wire::member(json, "code");
  const bool minus = code != nullptr && code->is_string() && code->get_string().starts_with('-');
  if (minus) shapes_.refusal(json);
}

Inbox& Cast::app_inbox(const std::string& account, const std::string& end) {
  return apps_[account].inboxes[end];
}

Inbox& Cast::device_inbox(const std::string& end) { return device_inboxes_[end]; }

std::vector<Cast::Refusal> Cast::take_refusals() {
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
