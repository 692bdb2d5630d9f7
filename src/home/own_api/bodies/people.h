// Bodies about who asks: the account, its browser sessions, tokens and shares, and what signs a
// browser in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "api/schema/body.h"
#include "own_api/bodies/device.h"
#include "registry/directory.h"

namespace gridloom::api {

// Tokens of administrators and of cards get nothing about an account: kAdmin and kCard are
// never sent.
template <>
struct schema::Words<registry::Scope> {
  static constexpr std::string_view kName = "Scope";
  static constexpr std::array kValues = {registry::Scope::kRead, registry::Scope::kControl};
};

namespace body {

struct TokenFacts {
  std::int64_t number = 0;
  std::string_view name;
  std::optional<std::int64_t> expires_at_ms{};
};
const schema::Body& describe(schema::Of<TokenFacts> /*of*/);

struct Me {
  std::string_view account;
  registry::Scope scope{};
  std::optional<TokenFacts> token{};
  // The others are for a session.
  std::optional<std::string_view> csrf{};
  std::optional<std::string_view> instance{};
  std::optional<std::string_view> zone{};
  std::optional<std::int64_t> now_ms{};
  std::optional<double> rate{};
  std::optional<bool> virtual_time{};
  std::optional<bool> password_set{};
  std::optional<bool> admin{};
};
const schema::Body& describe(schema::Of<Me> /*of*/);

struct SignInBy {
  static constexpr std::string_view kName = "SignInBy";
  static constexpr std::array<std::string_view, 2> kWords = {"link", "password"};
};

struct BrowserSession {
  std::int64_t id = 0;
  bool current = false;
  schema::WordOf<SignInBy> by;
  std::int64_t made_ms = 0;
  std::int64_t last_used_ms = 0;
  std::string_view client;
};
const schema::Body& describe(schema::Of<BrowserSession> /*of*/);

struct Sessions {
  std::vector<BrowserSession> sessions;
};
const schema::Body& describe(schema::Of<Sessions> /*of*/);

// Tokens of administrators belong to no account.
struct TokenScope {
  static constexpr std::string_view kName = "TokenScope";
  static constexpr std::array<std::string_view, 3> kWords = {"read", "control", "card"};
};

struct OwnToken {
  std::int64_t number = 0;
  std::string_view name;
  schema::WordOf<TokenScope> scope;
  std::optional<std::string_view> device{};
  std::int64_t made_ms = 0;
  std::optional<std::int64_t> expires_at_ms{};
  bool expired = false;
};
const schema::Body& describe(schema::Of<OwnToken> /*of*/);

struct Tokens {
  std::vector<OwnToken> tokens;
};
const schema::Body& describe(schema::Of<Tokens> /*of*/);

struct Share {
  std::string_view sn;
  std::string_view name;
  std::string_view account;
  registry::Rights rights{};
};
const schema::Body& describe(schema::Of<Share> /*of*/);

struct Shares {
  std::vector<Share> given;
  std::vector<Share> received;
};
const schema::Body& describe(schema::Of<Shares> /*of*/);

// Requests, which api/v1/session_api.cc reads.
struct SignIn;
const schema::Body& describe(schema::Of<SignIn> /*of*/);
struct NewPassword;
const schema::Body& describe(schema::Of<NewPassword> /*of*/);

}  // namespace body
}  // namespace gridloom::api
