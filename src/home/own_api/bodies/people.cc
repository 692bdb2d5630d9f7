#include "own_api/bodies/people.h"

namespace gridloom::api::body {

using schema::declared;
using schema::member;

const schema::Body& describe(schema::Of<TokenFacts> /*of*/) {
  static constexpr std::array kMembers = {
      member<&TokenFacts::number>("number"),
      member<&TokenFacts::name>("name", {.text = "The purpose of the token"}),
      member<&TokenFacts::expires_at_ms>("expiresAt",
                                         {.text = "Absent: never", .unit = "Unix milliseconds"}),
  };
  static constexpr schema::Body kBody{.name = "TokenFacts", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Me> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Me::account>("account"),
      member<&Me::scope>("scope"),
      member<&Me::token>("token", {.text = "Absent: asked without a token"}),
      member<&Me::csrf>("csrf", {.text = "X-Gridloom-CSRF of requests that change anything; this "
                                         "and all below are absent without a session"}),
      member<&Me::instance>("instance", {.text = "Tells this server's cookie from others'"}),
      member<&Me::zone>("zone", {.text = "The server's time zone, as Europe/Berlin"}),
      member<&Me::now_ms>("now", {.text = "The devices' time", .unit = "Unix milliseconds"}),
      member<&Me::rate>("rate", {.text = "Seconds of the devices' time in a second; 0: paused"}),
      member<&Me::virtual_time>("virtualTime"),
      member<&Me::password_set>("passwordSet"),
      member<&Me::admin>("admin"),
  };
  static constexpr schema::Body kBody{.name = "Me", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<BrowserSession> /*of*/) {
  static constexpr std::array kMembers = {
      member<&BrowserSession::id>("id"),
      member<&BrowserSession::current>("current", {.text = "The session that asks"}),
      member<&BrowserSession::by>("by"),
      member<&BrowserSession::made_ms>("made", {.unit = "Unix milliseconds"}),
      member<&BrowserSession::last_used_ms>(
          "lastUsed", {.text = "To within an hour", .unit = "Unix milliseconds"}),
      member<&BrowserSession::client>("client", {.text = "How the browser names itself"}),
  };
  static constexpr schema::Body kBody{.name = "BrowserSession", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Sessions> /*of*/) {
  static constexpr std::array kMembers = {member<&Sessions::sessions>("sessions")};
  static constexpr schema::Body kBody{.name = "Sessions", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<OwnToken> /*of*/) {
  static constexpr std::array kMembers = {
      member<&OwnToken::number>("number"),
      member<&OwnToken::name>("name", {.text = "The purpose of the token"}),
      member<&OwnToken::scope>("scope"),
      member<&OwnToken::device>(
          "device", {.text = "Serial number of the device of a card; absent: its scope is not "
                             "card, or the card is the home's"}),
      member<&OwnToken::made_ms>("made", {.unit = "Unix milliseconds"}),
      member<&OwnToken::expires_at_ms>("expiresAt",
                                       {.text = "Absent: never", .unit = "Unix milliseconds"}),
      member<&OwnToken::expired>("expired"),
  };
  static constexpr schema::Body kBody{.name = "OwnToken", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Tokens> /*of*/) {
  static constexpr std::array kMembers = {member<&Tokens::tokens>("tokens")};
  static constexpr schema::Body kBody{.name = "Tokens", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Share> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Share::sn>("sn"),
      member<&Share::name>("name", {.text = "The device's"}),
      member<&Share::account>("account", {.text = "The other account"}),
      member<&Share::rights>("rights", {.text = "Those that the share gives"}),
  };
  static constexpr schema::Body kBody{.name = "Share", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<Shares> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Shares::given>("given", {.text = "Shares of devices of the account"}),
      member<&Shares::received>("received", {.text = "Shares of devices of other accounts"}),
  };
  static constexpr schema::Body kBody{.name = "Shares", .members = kMembers};
  return kBody;
}

const schema::Body& describe(schema::Of<SignIn> /*of*/) {
  using Text = std::optional<std::string_view>;
  static constexpr std::array kMembers = {
      declared<Text>("link", {.text = "The token of a link of `gridloom sign-in`"}),
      declared<Text>("account"),
      declared<Text>("password"),
  };
  static constexpr schema::Body kBody{.name = "SignIn",
                                      .text = "Either a link, or an account with its password",
                                      .members = kMembers,
                                      .example = R"({"account":"demo","password":"a long one"})"};
  return kBody;
}

const schema::Body& describe(schema::Of<NewPassword> /*of*/) {
  static constexpr std::array kMembers = {
      declared<std::string_view>("password", {.min_length = 10}),
      declared<std::optional<std::string_view>>(
          "current", {.text = "Absent: none is set, or a link signed this browser in during the "
                              "last ten minutes"}),
  };
  static constexpr schema::Body kBody{.name = "NewPassword", .members = kMembers};
  return kBody;
}

}  // namespace gridloom::api::body
