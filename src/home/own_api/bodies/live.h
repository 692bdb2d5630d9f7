// The messages of the live stream, GET /api/v1/live (docs/user/api.md). own_api/live/live_session.h
// writes and reads them; a test compares both with this.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>

#include "api/schema/body.h"
#include "wire/json.h"

namespace gridloom::api::body {

// Place of the field's name, its value, and when that changed, if not at the message's time.
struct Row {
  static constexpr std::string_view kName = "Row";
  using Type = std::tuple<std::int64_t, wire::Json, std::optional<std::int64_t>>;
};

// From the server.
struct Welcome;
const schema::Body& describe(schema::Of<Welcome> /*of*/);
struct FieldNames;
const schema::Body& describe(schema::Of<FieldNames> /*of*/);
struct HomeSnapshot;
const schema::Body& describe(schema::Of<HomeSnapshot> /*of*/);
struct HomeChange;
const schema::Body& describe(schema::Of<HomeChange> /*of*/);
struct DeviceSnapshot;
const schema::Body& describe(schema::Of<DeviceSnapshot> /*of*/);
struct DeviceChange;
const schema::Body& describe(schema::Of<DeviceChange> /*of*/);
struct StateChange;
const schema::Body& describe(schema::Of<StateChange> /*of*/);
struct Heartbeat;
const schema::Body& describe(schema::Of<Heartbeat> /*of*/);
struct StreamError;
const schema::Body& describe(schema::Of<StreamError> /*of*/);
struct Bye;
const schema::Body& describe(schema::Of<Bye> /*of*/);

inline constexpr auto kServerMessages = std::to_array<schema::BodyOf>(
    {&schema::body_of<Welcome>, &schema::body_of<FieldNames>, &schema::body_of<HomeSnapshot>,
     &schema::body_of<HomeChange>, &schema::body_of<DeviceSnapshot>, &schema::body_of<DeviceChange>,
     &schema::body_of<StateChange>, &schema::body_of<Heartbeat>, &schema::body_of<StreamError>,
     &schema::body_of<Bye>});

// From a client.
struct Hello;
const schema::Body& describe(schema::Of<Hello> /*of*/);
struct SubscribeHome;
const schema::Body& describe(schema::Of<SubscribeHome> /*of*/);
struct SubscribeDevice;
const schema::Body& describe(schema::Of<SubscribeDevice> /*of*/);
struct Unsubscribe;
const schema::Body& describe(schema::Of<Unsubscribe> /*of*/);
struct Pause;
const schema::Body& describe(schema::Of<Pause> /*of*/);
struct Play;
const schema::Body& describe(schema::Of<Play> /*of*/);

inline constexpr auto kClientMessages = std::to_array<schema::BodyOf>(
    {&schema::body_of<Hello>, &schema::body_of<SubscribeHome>, &schema::body_of<SubscribeDevice>,
     &schema::body_of<Unsubscribe>, &schema::body_of<Pause>, &schema::body_of<Play>});

}  // namespace gridloom::api::body
