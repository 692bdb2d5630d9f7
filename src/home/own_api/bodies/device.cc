#include "own_api/bodies/device.h"

namespace gridloom::api::body {
namespace {

using schema::declared;
using schema::member;

// The members of a struct that is a DeviceBody.
template <typename T>
consteval auto device_members() {
  return std::array{
      member<&DeviceBody::sn, T>("sn", {.text = "Serial number"}),
      member<&DeviceBody::name, T>("name"),
      member<&DeviceBody::family, T>("family", {.text = "The device file's id"}),
      member<&DeviceBody::product, T>(
          "product", {.text = "Its name; empty: neither it nor its family is known"}),
      member<&DeviceBody::unserved, T>(
          "unserved", {.text = "Why no family serves the product; absent: one does, or the product "
                               "is not known"}),
      member<&DeviceBody::owner, T>("owner", {.text = "Name of the account that owns it"}),
      member<&DeviceBody::rights, T>("rights", {.text = "The rights of the account that asks"}),
      // The last: it is put into rows that are kept.
      member<&DeviceBody::online, T>("online"),
  };
}

}  // namespace

const schema::Body& describe(schema::Of<DeviceBody> /*of*/) {
  static constexpr std::array kMembers = device_members<DeviceBody>();
  static constexpr schema::Body kBody{.name = "Device", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<DeviceState> /*of*/) {
  static constexpr std::array kMembers = joined(
      device_members<DeviceState>(),
      std::array{
          member<&DeviceState::reported_at_ms>(
              "reportedAt", {.text = "Time of the last report; absent: it has not reported",
                             .unit = "Unix milliseconds"}),
          member<&DeviceState::faults>("faults", {.text = "Those that the device reports now"}),
          member<&DeviceState::values>(
              "values", {.text = "Each field that the device has reported, as it reported it"}),
      });
  static constexpr schema::Body kBody{.name = "DeviceState", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Devices> /*of*/) {
  static constexpr std::array kMembers = {
      declared<std::vector<DeviceBody>>("devices"),
      declared<std::optional<std::string_view>>(
          "next", {.text = "after of the next page; absent: there is none"}),
  };
  static constexpr schema::Body kBody{
      .name = "Devices",
      .members = kMembers,
      .example = R"({"devices":[{"sn":"R331ZEB4ZEAL0528","name":"Kitchen","family":"delta_2",)"
                 R"("product":"DELTA 2","owner":"demo","rights":"owner","online":true}],)"
                 R"("next":"R331ZEB4ZEAL0528"})"};
  return kBody;
}

const schema::Body& describe(schema::Of<Command> /*of*/) {
  static constexpr schema::Body kBody{
      .name = "Command",
      .text = "The family's set message without sn and id, as its documents write it",
      .is_open = true,
      .example = R"({"moduleType":5,"operateType":"acChgCfg",)"
                 R"("params":{"chgWatts":600,"chgPauseFlag":255}})"};
  return kBody;
}

}  // namespace gridloom::api::body
