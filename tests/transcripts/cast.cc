#include "transcripts/cast.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/chance.h"
#include "transcripts/pattern.h"

namespace gridloom::transcripts {
namespace {

constexpr std::uint64_t kSeed = 1;

// "/open/<account>/<sn>/<verb>" and "/device/<sn>/<verb>" -> "<sn>/<verb>"
std::string topic_end(std::string_view topic) {
  const std::size_t slash = topic.rfind('/', topic.rfind('/') - 1);
  return std::string(topic.substr(slash + 1));
}

wire::Json json_of(std::string_view payload) {
  return wire::parse_json(payload, {.keys = 16'384}).value_or(nullptr);
}

}  // namespace

Cast::Cast(Stage& stage, Shapes& shapes, Coverage& coverage)
    : stage_(stage), shapes_(shapes), coverage_(coverage), world_({.seed = kSeed}) {}

Cast::~Cast() {
  for (auto& [sn, device] : devices_) device.client.reset();
  for (auto& [name, app] : apps_) app.client.reset();
  stage_.drain();
}

void Cast::begin_action(Door door) {
  door_ = door;
  for (auto& [name, app] : apps_) app.inboxes.clear();
  device_inboxes_.clear();
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
    device.simulated =
        std::make_unique<sim::VirtualDevice>(std::make_shared<sim::Kind>(family), wanted.sn,
                                             Chance(kSeed), world_.at(stage_.clock().now()));
  }
  for (auto& [name, app] : apps_) subscribe(app, wanted.sn);
  stage_.drain();
  open_device(device);
  return {};
}

void Cast::open_device(Device& device) {
  device.back.reset();
  device.due = stage_.clock().now() + Millis(device.family->messages.change_ms);
  const auto on_subscribed = [this, &device] {
    if (!device.simulated) return;
    std::vector<sim::VirtualDevice::Message> messages;
    device.simulated->connected(world_.at(stage_.clock().now()), messages);
    publish(device, messages);
  };
  device.client = std::make_unique<MqttClient>(
      stage_, MqttClient::SignIn{.user = device.sn, .password = device.key, .client_id = device.sn},
      MqttClient::Hooks{
          .on_message =
              [this, &device](const MqttClient::Message& message) { device_got(device, message); },
          .on_subscribed = on_subscribed});
  device.client->subscribe({fmt::format("/device/{}/set", device.sn)});
  stage_.drain();
}

Status Cast::connect_device(const std::string& sn) {
  const auto device = device_of(sn);
  if (!device) return std::unexpected(device.error());
  if ((*device)->client) return fail(FaultKind::kConflict, fmt::format("{} is connected", sn));
  open_device(**device);
  return {};
}

Status Cast::drop_device(const std::string& sn, Millis span) {
  const auto device = device_of(sn);
  if (!device) return std::unexpected(device.error());
  if (!(*device)->client) return fail(FaultKind::kConflict, fmt::format("{} is away already", sn));
  (*device)->client.reset();
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
  stage_.advance(span, [this] { step_devices(); });
}

void Cast::step_devices() {
  const TimePoint now = stage_.clock().now();
  for (auto& [sn, device] : devices_) {
    if (device.back && now >= *device.back) open_device(device);
    if (!device.simulated || now < device.due) continue;
    device.due = now + Millis(device.family->messages.change_ms);
    std::vector<sim::VirtualDevice::Message> messages;
    device.simulated->step(world_.at(now), messages);
    publish(device, messages);
  }
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
  std::string text(payload);
  constexpr std::string_view kLastId = "<id>";
  if (const std::size_t at = text.find(kLastId); at != std::string::npos) {
    text.replace(at, kLastId.size(), (*device)->last_id);
  }
  publish(**device, verb, text);
  stage_.drain();
  return {};
}

void Cast::publish(Device& device, const std::vector<sim::VirtualDevice::Message>& messages) {
  for (const auto& message : messages) {
    if (message.verb == "quota") shapes_.report(*device.family, json_of(message.payload));
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
  if (const wire::Json* id = wire::member(request, "id")) device.last_id = wire::to_text(*id);
  if (!device.simulated) {
    device_inboxes_[topic_end(message.topic)].messages.push_back({message.payload});
    return;
  }
  std::vector<sim::VirtualDevice::Message> messages;
  device.simulated->on_set(message.payload, world_.at(stage_.clock().now()), messages);
  for (const auto& answer : messages) {
    if (answer.verb != "set_reply" || !request.is_object()) continue;
    shapes_.set_reply(*device.family, request.get_object(), json_of(answer.payload));
  }
  publish(device, messages);
}

void Cast::app_got(App& app, const MqttClient::Message& message) {
  const std::string end = topic_end(message.topic);
  app.inboxes[end].messages.push_back({message.payload, message.retained});
  const wire::Json json = json_of(message.payload);
  std::string& record = record_[fmt::format("{} {}", app.account.name, end)];
  record += json.is_null() ? message.payload : Pattern::of(json).text("");
  record += message.retained ? " retained\n" : "\n";

  const std::string sn = end.substr(0, end.find('/'));
  const std::string verb = end.substr(sn.size() + 1);
  const bool from_device = published_.contains(end + ' ' + message.payload);
  if (verb == "status") return shapes_.status(json);
  if (from_device) return;
  if (verb == "quota") return shapes_.altered(end);
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

std::vector<std::string> Cast::take_refusals() {
  std::vector<std::string> refusals;
  const auto ask = [&refusals](const std::string& who, const std::unique_ptr<MqttClient>& client) {
    if (client && !client->refused().empty()) {
      refusals.push_back(fmt::format("the platform refused {}: {}", who, client->take_refused()));
    }
  };
  for (auto& [name, app] : apps_) ask(name + "'s app", app.client);
  for (auto& [sn, device] : devices_) ask(sn, device.client);
  return refusals;
}

}  // namespace gridloom::transcripts
