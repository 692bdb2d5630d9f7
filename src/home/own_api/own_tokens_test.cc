// The tokens and the shares of an account on its page: what is listed, and that a token which is
// the account's own can be removed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/gate/callers.h"
#include "own_api/services/services.h"
#include "own_api/test_own_api.h"
#include "testing/must.h"

namespace gridloom::api {
namespace {

using registry::Rights;
using registry::Scope;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// Removes tokens as the operation does, and keeps who asked for it.
class Remover final : public Administration {
 public:
  explicit Remover(registry::Registry& registry) : registry_(registry) {}
  [[nodiscard]] SharedText operations() const override { return std::string("{}"); }
  void run(Request request, hub::ReplyTo<wire::Json> reply) override {
    asked.push_back(fmt::format("{} {} who={} by={} from={}", request.operation,
                                wire::to_text(request.parameters), request.who, request.by,
                                request.from));
    Status removed = is_busy ? fail(ErrorCode::kConflict, "16 operations are running: ask again")
                             : registry_.remove_token(request.parameters.at("number").as_int64());
    hub::answer<wire::Json>(std::move(reply),
                            removed ? Result<wire::Json>(wire::Json(wire::JsonObject()))
                                    : std::unexpected(std::move(removed.error())));
  }

  std::vector<std::string> asked;
  bool is_busy = false;

 private:
  registry::Registry& registry_;
};

class OwnTokensTest : public OwnRoutesTest {
 protected:
  OwnTokensTest() {
    const auto made = must(home.registry->add_session({.account = alice, .now = now()}));
    cookie = made.text.reveal();
  }
  [[nodiscard]] TimePoint now() const { return home.platform.wall->now(); }
  std::int64_t add(std::string_view name, std::string_view account, Scope scope,
                   std::string_view sn = {}, Millis valid_for = {}) {
    return must(home.registry->add_token({.name = name,
                                          .account = account,
                                          .scope = scope,
                                          .now = now(),
                                          .valid_for = valid_for,
                                          .device = sn}))
        .token.number;
  }
  // "STATUS BODY"
  std::string ask(http::Method method, std::string_view path) {
    http::Request made = request(method, path);
    made.host = "127.0.0.1";
    made.peer = "10.1.2.3";
    made.headers[header::kHostAndPort] = "127.0.0.1:8080";
    made.headers[header::kOrigin] = "http://127.0.0.1:8080";
    made.headers[header::kCookie] =
        fmt::format("{}={}", cookie_name(sign_in.instance(), false), cookie);
    made.headers[header::kCsrf] = csrf_token(cookie);
    std::string answer = "no answer yet";
    own.handle(std::move(made), [&answer](const http::Response& got) {
      answer = fmt::format("{} {}", got.status, whole_body(got));
    });
    home.settle();
    return answer;
  }
  std::string remove(std::string_view number) {
    return ask(http::Method::kDelete, fmt::format("/api/v1/tokens/{}", number));
  }

  Remover remover{*home.registry};
  [[nodiscard]] Services administered() {
    Services services = parts.services;
    services.administration = &remover;
    return services;
  }
  ApiWithRoutes own{{.hub = home.hub.get(), .loop = &home.client_loop, .sign_in = &sign_in},
                    administered()};
  std::string cookie;
};

TEST_F(OwnTokensTest, TokensAreListedWithoutTheirTexts) {
  EXPECT_EQ(ask(http::Method::kGet, "/api/v1/tokens"), R"(200 {"tokens":[]})");
  add("Grafana", "alice", Scope::kControl, {}, Millis(1000));
  add("of bob", "bob", Scope::kRead);
  add("panel", {}, Scope::kAdmin);
  add("kitchen", "alice", Scope::kCard, kSn);
  const std::int64_t made_ms = unix_ms(now());
  home.pass(Millis(1000));
  EXPECT_EQ(ask(http::Method::kGet, "/api/v1/tokens"),
            fmt::format(R"(200 {{"tokens":[{{"number":1,"name":"Grafana","scope":"control",)"
                        R"("made":{},"expiresAt":{},"expired":true}},)"
                        R"({{"number":4,"name":"kitchen","scope":"card",)"
                        R"("device":"R331ZEB4ZEAL0528","made":{},"expired":false}}]}})",
                        made_ms, made_ms + 1000, made_ms));
}

TEST_F(OwnTokensTest, AnOwnTokenIsRemovedByTheOperationInTheNameOfTheAccount) {
  add("Grafana", "alice", Scope::kRead);
  EXPECT_EQ(remove("1"), "204 ");
  EXPECT_THAT(remover.asked, ElementsAre(R"(token.remove {"number":1} who=alice by=session 1 )"
                                         R"(from=10.1.2.3)"));
  EXPECT_EQ(ask(http::Method::kGet, "/api/v1/tokens"), R"(200 {"tokens":[]})");
  EXPECT_THAT(remove("1"), StartsWith("404 "));
}

TEST_F(OwnTokensTest, NoOtherTokenCanBeRemoved) {
  add("of bob", "bob", Scope::kRead);
  add("panel", {}, Scope::kAdmin);
  for (const char* number : {"1", "2", "3", "one", "1x", "-1", "99999999999999999999"}) {
    EXPECT_THAT(remove(number),
                AllOf(StartsWith(R"(404 {"code":"not_found")"),
                      HasSubstr(fmt::format("there is no token {}; GET /api/v1/tokens", number))));
  }
  EXPECT_THAT(remover.asked, IsEmpty());
}

TEST_F(OwnTokensTest, ATokenThatCannotBeRemovedNowIsStillThere) {
  add("Grafana", "alice", Scope::kRead);
  remover.is_busy = true;
  EXPECT_THAT(remove("1"), AllOf(StartsWith("409 "), HasSubstr("ask again")));
  EXPECT_THAT(ask(http::Method::kGet, "/api/v1/tokens"), HasSubstr("Grafana"));
}

TEST_F(OwnTokensTest, SharesAreListedFromBothSides) {
  EXPECT_EQ(ask(http::Method::kGet, "/api/v1/shares"), R"(200 {"given":[],"received":[]})");
  home.add_account("carol");
  home.share(kSn, "bob", Rights::kFull);
  home.share(kSn, "carol", Rights::kMonitor);
  home.add_device("R331BOB", "bob");
  home.share("R331BOB", "alice", Rights::kMonitor);
  home.share("R331BOB", "carol", Rights::kFull);
  EXPECT_EQ(ask(http::Method::kGet, "/api/v1/shares"),
            R"(200 {"given":[{"sn":"R331ZEB4ZEAL0528","name":"R331ZEB4ZEAL0528","account":"bob",)"
            R"("rights":"full"},{"sn":"R331ZEB4ZEAL0528","name":"R331ZEB4ZEAL0528",)"
            R"("account":"carol","rights":"monitor"}],"received":[{"sn":"R331BOB",)"
            R"("name":"R331BOB","account":"bob","rights":"monitor"}]})");
}

}  // namespace
}  // namespace gridloom::api
