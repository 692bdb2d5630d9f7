// Which account signed a request, and what a wrong signature costs.
#include "api/gate/signatures.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "api/message/headers.h"
#include "testing/home.h"
#include "testing/must.h"

namespace gridloom::api {
namespace {

constexpr std::string_view kPeer = "198.51.100.7";

class SignaturesTest : public testing::Test {
 protected:
  SignaturesTest() { home.add_account("alice"); }

  [[nodiscard]] registry::AccessKey key() const {
    return *home.registry->directory()->keys_of(home.account("alice").id).at(0);
  }
  // A request whose signature is of this path; empty: of none, as the vendor's interface signs.
  http::Request request(http::Method method, std::string_view path, std::string_view signed_path) {
    http::Request made;
    made.method = method;
    made.path = path;
    made.peer = kPeer;
    made.headers[header::kAccessKey] = key().access_key;
    made.headers[header::kNonce] = "123456";
    made.headers[header::kTimestamp] = std::to_string(unix_ms(home.clock.now()));
    wire::SignedRequest claim = claim_of(made);
    if (!signed_path.empty()) {
      claim.method = name_of(method);
      claim.path = signed_path;
    }
    auto mac = must(wire::KeyedMac::make(key().secret_key));
    made.headers[header::kSign] = must(wire::sign(claim, mac));
    return made;
  }
  // The account's name, or the error's code.
  std::string verify(const http::Request& made, ReplayCheck check = ReplayCheck::kOff) {
    const auto by = signatures.verify(made, claim_of(made), check, home.platform.steady->now());
    if (!by) return std::string(name_of(by.error().code));
    return home.registry->directory()->find_account(by->account)->name;
  }

  TestHome home;
  FailureBudget failures{100};
  wire::ReplayGuard guard{{}, wire::ReplayRule::kPatient};
  Signatures signatures{{.platform = &home.platform, .guard = &guard, .failures = &failures}};
};

constexpr std::string_view kVendor = "/iot-open/sign/device/list";
constexpr std::string_view kOwn = "/api/v1/me";

TEST_F(SignaturesTest, AGoodOneNamesItsAccountAndAWrongOneCosts) {
  EXPECT_EQ(verify(request(http::Method::kGet, kVendor, {})), "alice");
  EXPECT_EQ(failures.addresses(), 0U);
  http::Request wrong = request(http::Method::kGet, kVendor, {});
  wrong.headers[header::kSign].back() = wrong.headers[header::kSign].back() == '0' ? '1' : '0';
  EXPECT_EQ(verify(wrong), name_of(ErrorCode::kWrongSignature));
  http::Request nobody = request(http::Method::kGet, kVendor, {});
  nobody.headers[header::kAccessKey] = "nobody";
  EXPECT_EQ(verify(nobody), name_of(ErrorCode::kUnknownKey));
  EXPECT_EQ(failures.addresses(), 1U);
}

TEST_F(SignaturesTest, TheOwnInterfaceSignsItsPathUnlessTheClientIsOnThisMachine) {
  struct Row {
    std::string_view signed_path;
    ReplayCheck check;
    bool is_good;
  };
  for (const Row& row : {Row{"", ReplayCheck::kOff, true}, Row{"", ReplayCheck::kOn, false},
                         Row{kOwn, ReplayCheck::kOff, true}, Row{kOwn, ReplayCheck::kOn, true},
                         Row{"/api/v1/home", ReplayCheck::kOff, false},
                         Row{"/api/v1/home", ReplayCheck::kOn, false}}) {
    const std::string got = verify(request(http::Method::kGet, kOwn, row.signed_path), row.check);
    EXPECT_EQ(got == "alice", row.is_good) << row.signed_path << ": " << got;
  }
}

TEST_F(SignaturesTest, OnlyTheCheckOfReplaysRefusesWhatCameBefore) {
  const http::Request set = request(http::Method::kPut, "/iot-open/sign/device/quota", {});
  EXPECT_EQ(verify(set), "alice");
  EXPECT_EQ(verify(set), "alice");
  EXPECT_EQ(verify(set, ReplayCheck::kOn), "alice");
  EXPECT_NE(verify(set, ReplayCheck::kOn), "alice");
  const http::Request read = request(http::Method::kGet, kVendor, {});
  EXPECT_EQ(verify(read, ReplayCheck::kOn), "alice");
  EXPECT_EQ(verify(read, ReplayCheck::kOn), "alice") << "it changes nothing";
}

}  // namespace
}  // namespace gridloom::api
