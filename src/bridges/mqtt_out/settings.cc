#include "bridges/mqtt_out/settings.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/redacted.h"
#include "wire/mqtt/topic.h"

namespace gridloom::bridges {
namespace {

using parameters::Parameter;
using parameters::Type;

constexpr std::string_view kTopic = "gridloom/{sn}/{field}";
constexpr std::string_view kAvailability = "gridloom/{sn}/availability";
constexpr std::string_view kStatus = "gridloom/status";

constexpr std::array<std::string_view, 5> kTopicNames = {"sn", "name", "family", "field", "group"};
constexpr std::span<const std::string_view> kDeviceNames = std::span(kTopicNames).first(3);
constexpr std::array<std::string_view, 2> kPayloads = {"value", "json"};
constexpr std::array<std::string_view, 2> kNamedValues = {"number", "name"};

constexpr std::array<Parameter, 15> kSettings = {{
    {.name = "broker",
     .text = "Address of the broker: mqtt://HOST:PORT, or mqtts://HOST:PORT with TLS",
     .required = true},
    {.name = "user", .text = "User name at the broker; without it none is sent"},
    {.name = "password", .text = "Password of the user", .type = Type::kSecret},
    {.name = "ca",
     .text = "File with the certificates that mqtts:// trusts; without it those of the system",
     .most_bytes = 1024},
    {.name = "client-id",
     .text = "MQTT client id; without it gridloom-NAME-SERVER, with 8 digits of this server",
     .most_bytes = 64},
    {.name = "topic",
     .text = "Topic of a value, with {sn}, {name}, {family}, {field} and {group} in it; without it "
             "gridloom/{sn}/{field}"},
    {.name = "availability",
     .text = "Topic that says online or offline of a device, with {sn}, {name} and {family} in it; "
             "without it gridloom/{sn}/availability"},
    {.name = "status",
     .text = "Topic that says online or offline of the bridge, by a will too; without it "
             "gridloom/status"},
    {.name = "payload",
     .text =
         "What a message is: the value alone, or JSON with value, unit and at; without it value",
     .type = Type::kChoice,
     .values = kPayloads},
    {.name = "named-values",
     .text = "How a value with a name is sent: its number or its name; without it number",
     .type = Type::kChoice,
     .values = kNamedValues},
    {.name = "fields",
     .text = "Fields that are sent, by names or patterns with *; without them all",
     .type = Type::kTexts,
     .most_items = 64},
    {.name = "devices",
     .text = "Devices that are sent, by serial number or name; without them all of the account",
     .type = Type::kTexts,
     .most_items = 1024},
    {.name = "retain",
     .text = "Whether the broker keeps the last value of each topic; without it no",
     .type = Type::kFlag},
    {.name = "qos",
     .text = "Quality of service of the messages: 0, 1 or 2; without it 0",
     .type = Type::kInteger,
     .most = 2},
    {.name = "at-most-every",
     .text = "Seconds between two messages of one topic, at least; without it each change is sent",
     .type = Type::kInteger,
     .most = 86'400},
}};

std::string text_or(const parameters::Arguments& arguments, std::string_view name,
                    std::string_view otherwise) {
  std::string given = arguments.text(name);
  return given.empty() ? std::string(otherwise) : given;
}

// A topic with these names between braces. kBadParams: a topic made of it would be none.
Result<NameTemplate> topic_template(std::string_view setting, const std::string& text,
                                    std::span<const std::string_view> names) {
  auto parsed = NameTemplate::parse(setting, text, names);
  if (!parsed) return parsed;
  std::vector<NamedText> sample;
  for (const std::string_view name : names) sample.push_back({.name = name, .text = "x"});
  if (!wire::mqtt::valid_topic(parsed->fill(sample))) {
    return fail(ErrorCode::kBadParams, fmt::format("{} is \"{}\": must be a topic without + and #",
                                                   setting, redacted_extract(text)));
  }
  const bool names_device = parsed->has("sn") || parsed->has("name");
  const bool names_field = names.size() < kTopicNames.size() || parsed->has("field");
  if (!names_device || !names_field) {
    return fail(
        ErrorCode::kBadParams,
        fmt::format("{} is \"{}\": must have {} in it, so that {} have topics of their own",
                    setting, redacted_extract(text), names_device ? "{field}" : "{sn} or {name}",
                    names_device ? "fields" : "devices"));
  }
  return parsed;
}

}  // namespace

std::span<const Parameter> mqtt_parameters() { return kSettings; }

Result<MqttSettings> mqtt_settings(const parameters::Arguments& arguments) {
  GL_TRY(auto broker, parse_broker_address("broker", arguments.text("broker")));
  GL_TRY(auto topic, topic_template("topic", text_or(arguments, "topic", kTopic), kTopicNames));
  GL_TRY(auto availability,
         topic_template("availability", text_or(arguments, "availability", kAvailability),
                        kDeviceNames));
  std::string status = text_or(arguments, "status", kStatus);
  if (!wire::mqtt::valid_topic(status)) {
    return fail(ErrorCode::kBadParams, fmt::format("status is \"{}\": must be a topic without + "
                                                   "and #",
                                                   redacted_extract(status)));
  }
  if (!arguments.text("password").empty() && arguments.text("user").empty()) {
    return fail(ErrorCode::kBadParams, "password is given, but user is missing");
  }
  return MqttSettings{
      .broker = std::move(broker),
      .user = arguments.text("user"),
      .password = Secret(arguments.text("password")),
      .ca = arguments.text("ca"),
      .client_id = arguments.text("client-id"),
      .topic = std::move(topic),
      .availability = std::move(availability),
      .status = std::move(status),
      .payload = arguments.text("payload") == "json" ? MqttSettings::Payload::kJson
                                                     : MqttSettings::Payload::kValue,
      .named_values = arguments.text("named-values") == "name" ? MqttSettings::NamedValues::kName
                                                               : MqttSettings::NamedValues::kNumber,
      .selection = Selection(arguments.texts("devices"), arguments.texts("fields")),
      .retain = arguments.flag("retain"),
      .qos = static_cast<wire::mqtt::Qos>(arguments.integer("qos").value_or(0)),
      .at_most_every = std::chrono::seconds(arguments.integer("at-most-every").value_or(0))};
}

}  // namespace gridloom::bridges
