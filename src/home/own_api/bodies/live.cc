#include "own_api/bodies/live.h"

#include <variant>
#include <vector>

#include "catalog/language.h"
#include "own_api/bodies/device.h"
#include "own_api/bodies/home.h"

namespace gridloom::api::body {
namespace {

using schema::constant;
using schema::declared;
using schema::Facts;
using Text = std::string_view;
using Whole = std::int64_t;

constexpr Facts kId{.text = "The client gave it to the subscription"};
constexpr Facts kSeq{.text = "Place in the stream"};
constexpr Facts kNow{.text = "The devices' time", .unit = "Unix milliseconds"};
constexpr Facts kRate{.text = "Seconds of the devices' time in a second; 0: paused"};
constexpr Facts kRows{.text = "Values of fields, by the place of the field's name"};

struct AllFields {
  static constexpr std::string_view kName{};
  static constexpr std::array<std::string_view, 1> kWords = {"*"};
};

struct Languages {
  static constexpr std::string_view kName{};
  static constexpr auto kWords = catalog::kLanguageTags;
};

// Messages about a subscription begin with these.
consteval auto subscription_members(std::string_view type) {
  return std::array{constant("t", type), declared<Whole>("id", kId), declared<Whole>("seq", kSeq),
                    declared<Whole>("now", kNow)};
}

}  // namespace

const schema::Body& describe(schema::Of<Welcome> /*of*/) {
  static constexpr std::array kMembers = {
      constant("t", "welcome"),
      declared<Text>("epoch", {.text = "Differs after a restart of the server"}),
      declared<Whole>("seq", kSeq),
      declared<Whole>("now", kNow),
      declared<double>("rate", kRate),
      declared<schema::Map<Text, registry::Rights>>(
          "rights", {.text = "To each device; a card is told none"}),
  };
  static constexpr schema::Body kBody{
      .name = "Welcome", .text = "Answers hello", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<FieldNames> /*of*/) {
  static constexpr std::array kMembers = {
      constant("t", "names"),
      declared<Text>("family"),
      declared<std::vector<Text>>("names"),
  };
  static constexpr schema::Body kBody{
      .name = "FieldNames",
      .text = "The names of a family's fields, to which rows refer by their place, from 0 on",
      .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<HomeSnapshot> /*of*/) {
  static constexpr std::array kMembers =
      joined(subscription_members("snap"), std::array{declared<HomeBody>("home")});
  static constexpr schema::Body kBody{
      .name = "HomeSnapshot", .text = "The first of a subscription", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<HomeChange> /*of*/) {
  static constexpr std::array kMembers =
      joined(subscription_members("d"), std::array{declared<HomeBody>("home")});
  static constexpr schema::Body kBody{
      .name = "HomeChange", .text = "The whole home, after a change", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<DeviceSnapshot> /*of*/) {
  static constexpr std::array kMembers = joined(
      subscription_members("snap"),
      std::array{
          declared<Text>("family"),
          declared<overview::Freshness>("state"),
          declared<schema::OrNull<Whole>>(
              "last", {.text = "Time of the last report; null: it has not reported",
                       .unit = "Unix milliseconds"}),
          declared<std::optional<std::vector<Text>>>(
              "names", {.text = "Names of the device's fields; absent: those of its family"}),
          declared<std::vector<Row>>("f", kRows),
      });
  static constexpr schema::Body kBody{.name = "DeviceSnapshot",
                                      .text = "All of a subscription: replace what you have",
                                      .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<DeviceChange> /*of*/) {
  static constexpr std::array kMembers =
      joined(subscription_members("d"), std::array{declared<std::vector<Row>>("f", kRows)});
  static constexpr schema::Body kBody{
      .name = "DeviceChange", .text = "Changes since the last message", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<StateChange> /*of*/) {
  static constexpr std::array kMembers = joined(
      subscription_members("state"),
      std::array{
          declared<overview::Freshness>("state"),
          declared<Whole>("since",
                          {.text = "Its last report, or the present", .unit = "Unix milliseconds"}),
      });
  static constexpr schema::Body kBody{.name = "StateChange", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Heartbeat> /*of*/) {
  static constexpr std::array kMembers = {
      constant("t", "hb"),
      declared<Whole>("now", kNow),
      declared<double>("rate", kRate),
      declared<Whole>("seq", kSeq),
  };
  static constexpr schema::Body kBody{
      .name = "Heartbeat", .text = "Comes every 15 seconds", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<StreamError> /*of*/) {
  static constexpr std::array kMembers = {
      constant("t", "error"),
      declared<Text>("code", {.text = "As in answers over HTTP"}),
      declared<Text>("message", {.text = "For people"}),
      declared<std::optional<Whole>>("id",
                                     {.text = "The id of the subscription or of the message, if "
                                              "that had one"}),
  };
  static constexpr schema::Body kBody{
      .name = "StreamError",
      .text = "A message was refused, or a subscription has ended: the device is no longer shared",
      .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Bye> /*of*/) {
  static constexpr std::array kMembers = {
      constant("t", "bye"),
      declared<Text>("why", {.text = "For people; `signed out` where the session has ended"}),
  };
  static constexpr schema::Body kBody{
      .name = "Bye", .text = "The last message: the server closes", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Hello> /*of*/) {
  static constexpr std::array kMembers = {constant("t", "hello")};
  static constexpr schema::Body kBody{
      .name = "Hello", .text = "Answered by welcome, once a second at most", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<SubscribeHome> /*of*/) {
  static constexpr std::array kMembers = {
      constant("t", "sub"),
      declared<Whole>("id"),
      constant("topic", "home"),
      declared<std::optional<Whole>>(
          "every",
          {.text = "At most so often: from 1000 to 60000; absent: 1000", .unit = "milliseconds"}),
      declared<std::optional<schema::WordOf<Languages>>>(
          "lang", {.text = "Language of titles and meanings of faults; absent: en"}),
  };
  static constexpr schema::Body kBody{
      .name = "SubscribeHome",
      .text = "Another subscription to the home takes the place of the first",
      .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<SubscribeDevice> /*of*/) {
  using Fields = std::variant<schema::WordOf<AllFields>, std::vector<Text>>;
  static constexpr std::array kMembers = {
      constant("t", "sub"),
      declared<Whole>("id"),
      constant("topic", "device"),
      declared<Text>("sn"),
      declared<std::optional<Fields>>("fields", {.text = "Names, 256 at most; absent: all"}),
      declared<std::optional<Whole>>(
          "every",
          {.text = "At most so often: from 250 to 60000; absent: 250", .unit = "milliseconds"}),
  };
  static constexpr schema::Body kBody{
      .name = "SubscribeDevice",
      .text = "Another subscription to the device takes the place of the first",
      .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Unsubscribe> /*of*/) {
  static constexpr std::array kMembers = {constant("t", "unsub"), declared<Whole>("id", kId)};
  static constexpr schema::Body kBody{
      .name = "Unsubscribe", .text = "Ends a subscription", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Pause> /*of*/) {
  static constexpr std::array kMembers = {constant("t", "pause")};
  static constexpr schema::Body kBody{
      .name = "Pause", .text = "Nothing but heartbeats until play", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Play> /*of*/) {
  static constexpr std::array kMembers = {constant("t", "play")};
  static constexpr schema::Body kBody{.name = "Play", .text = "Ends a pause", .members = kMembers};
  return kBody;
}

}  // namespace gridloom::api::body
