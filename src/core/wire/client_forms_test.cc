// The request forms of the programs that people run against the vendor's cloud, client by client:
// where each puts its parameters, in which order it signs them, and how it writes nonce and
// timestamp. A row is a request of such a program for a device S; all requests must verify and give
// the intended parameters. (The npm client itself runs in tests/clients/rest_client_test.py.)
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

#include "wire/signing.h"

namespace gridloom::wire {
namespace {

constexpr std::string_view kSecret = "WIbFEKre0s6sLnh4ei7SPUeYnptHG6V";
constexpr std::string_view kJsonUtf8 = "application/json;charset=UTF-8";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kNothing = "{}";
constexpr std::string_view kSn = R"({"sn":"S"})";

// Uses the one-shot call, to be independent of the code under test.
std::string hex_mac(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes bytes
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  HMAC(EVP_sha256(), kSecret.data(), static_cast<int>(kSecret.size()), bytes, text.size(),
       digest.data(), &size);
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

struct Sent {
  std::string_view client;
  std::string_view what;
  std::string_view content_type;
  std::string_view query;
  std::string_view body;
  std::string_view signed_parameters;
  std::string_view read;
  std::string_view nonce = "345164";
  std::string_view timestamp = "1671171709428";
};

class RealClients : public ::testing::TestWithParam<Sent> {};

TEST_P(RealClients, AreUnderstood) {
  const Sent& sent = GetParam();
  SignedRequest request{.content_type = sent.content_type,
                        .query = sent.query,
                        .body = sent.body,
                        .access_key = "Fp4SvIprYSDPXtYJidEtUAd1o",
                        .nonce = sent.nonce,
                        .timestamp = sent.timestamp,
                        .sign = {}};
  const std::string sign = hex_mac(fmt::format(
      "{}{}accessKey={}&nonce={}&timestamp={}", sent.signed_parameters,
      sent.signed_parameters.empty() ? "" : "&", request.access_key, sent.nonce, sent.timestamp));
  request.sign = sign;
  auto mac = KeyedMac::make(Secret(std::string(kSecret)));
  ASSERT_TRUE(mac);
  const Status good = verify(request, *mac);
  EXPECT_TRUE(good) << good.error().detail;
  const Result<JsonObject> parameters = parameters_of(request);
  ASSERT_TRUE(parameters) << parameters.error().detail;
  EXPECT_EQ(to_text(Json(*parameters)), sent.read);

  // A wrong signature is refused.
  std::string other = sign;
  other.back() = other.back() == '0' ? '1' : '0';
  request.sign = other;
  EXPECT_FALSE(verify(request, *mac));
}

constexpr std::string_view kTwelveSlots =
    R"({"sn":"S","params":{"cmdSet":11,"id":81,"slots":[0,1,2,3,4,5,6,7,8,9,10,11]}})";

INSTANTIATE_TEST_SUITE_P(
    Wire, RealClients,
    ::testing::Values(
        // hassio-ecoflow-cloud: GET only, no Content-Type; signs the query text as sent.
        Sent{"hassio-ecoflow-cloud", "list: a question mark and nothing", "", "", "", "", kNothing,
             "10000"},
        Sent{"hassio-ecoflow-cloud", "quota all: sn signed", "", "sn=S", "", "sn=S", kSn, "999999"},

        // @ecoflow-api/rest-client: a JSON type on every request, so a GET signs no parameters.
        Sent{"rest-client", "quota all: a JSON type, sn not signed", kJsonUtf8, "sn=S", "", "", kSn,
             "123e4567-e89b-42d3-a456-426614174000"},
        Sent{"rest-client", "set: a JSON body", kJsonUtf8, "",
             R"({"moduleType":5,"id":123456789,"version":"1.0","sn":"S","operateType":"quietMode",)"
             R"("params":{"enabled":1}})",
             "id=123456789&moduleType=5&operateType=quietMode&params.enabled=1&sn=S&version=1.0",
             R"({"moduleType":5,"id":123456789,"version":"1.0","sn":"S","operateType":"quietMode",)"
             R"("params":{"enabled":1}})",
             "123e4567-e89b-42d3-a456-426614174000"},
        Sent{"rest-client", "set: twelve elements in ASCII order", kJsonUtf8, "", kTwelveSlots,
             "params.cmdSet=11&params.id=81&params.slots[0]=0&params.slots[10]=10&params.slots[11]="
             "11&params.slots[1]=1&params.slots[2]=2&params.slots[3]=3&params.slots[4]=4&"
             "params.slots[5]=5&params.slots[6]=6&params.slots[7]=7&params.slots[8]=8&"
             "params.slots[9]=9&sn=S",
             kTwelveSlots, "123e4567-e89b-42d3-a456-426614174000"},

        // go-ecoflow: nanoseconds, and whole name=value texts sorted.
        Sent{"go-ecoflow", "quota all", "", "sn=S", "", "sn=S", kSn, "654321",
             "1671171709428123456"},
        Sent{"go-ecoflow", "read: a POST with JSON", kJsonUtf8, "",
             R"({"params":{"quotas":["pd.soc","inv.cfgAcEnabled"]},"sn":"S"})",
             "params.quotas[0]=pd.soc&params.quotas[1]=inv.cfgAcEnabled&sn=S",
             R"({"params":{"quotas":["pd.soc","inv.cfgAcEnabled"]},"sn":"S"})", "654321",
             "1671171709428123456"},
        Sent{"go-ecoflow", "set: texts sorted, so the longer name comes first", kJsonUtf8, "",
             R"({"id":66,"id2":1,"sn":"S"})", "id2=1&id=66&sn=S", R"({"id":66,"id2":1,"sn":"S"})",
             "654321", "1671171709428123456"},

        // ha-ecoflow-iot: no type on GET, JSON on PUT, a nonce that may begin with zeros.
        Sent{"ha-ecoflow-iot", "quota all", "", "sn=S", "", "sn=S", kSn, "000042"},
        Sent{"ha-ecoflow-iot", "set with a boolean", kJsonUtf8, "",
             R"({"cmdCode": "WN511_SET", "params": {"on": true, "w": 12.5}, "sn": "S"})",
             "cmdCode=WN511_SET&params.on=true&params.w=12.5&sn=S",
             R"({"cmdCode":"WN511_SET","params":{"on":true,"w":12.5},"sn":"S"})", "000042"},

        // ecoflow-energy-ha: compact JSON with letters as they are, null spelt as JSON does.
        Sent{"ecoflow-energy-ha", "quota all", "", "sn=S", "", "sn=S", kSn},
        Sent{"ecoflow-energy-ha", "set with null and a letter", kJsonUtf8, "",
             "{\"sn\":\"S\",\"params\":{\"name\":\"K\xc3\xbc"
             "che\",\"to\":null}}",
             "params.name=K\xc3\xbc"
             "che&params.to=null&sn=S",
             "{\"sn\":\"S\",\"params\":{\"name\":\"K\xc3\xbc"
             "che\",\"to\":null}}",
             "a1b2c3d4e5f60718"},

        // ecoflow-api-mqtt: six digits of any kind.
        Sent{"ecoflow-api-mqtt", "certification: nothing but the headers", "", "", "", "", kNothing,
             "000000"},
        Sent{"ecoflow-api-mqtt", "set", kJsonUtf8, "",
             R"({"sn": "S", "cmdId": 17, "dirDest": 1, "params": {"cfgAcOut": false}})",
             "cmdId=17&dirDest=1&params.cfgAcOut=false&sn=S",
             R"({"sn":"S","cmdId":17,"dirDest":1,"params":{"cfgAcOut":false}})", "012345"},

        // homebridge-ecoflow: everything in the query, also of a POST; sorted level by level.
        Sent{"homebridge-ecoflow", "read: a POST whose query holds it, brackets as they are", "",
             "params.quotas[0]=bms_bmsStatus.soc&params.quotas[1]=pd.carState&sn=S", "",
             "params.quotas[0]=bms_bmsStatus.soc&params.quotas[1]=pd.carState&sn=S",
             R"({"params":{"quotas":["bms_bmsStatus.soc","pd.carState"]},"sn":"S"})", "000007"},
        Sent{"homebridge-ecoflow", "read: eleven names in the order of their index", "",
             "params.quotas[0]=a&params.quotas[1]=b&params.quotas[2]=c&params.quotas[3]=d&"
             "params.quotas[4]=e&params.quotas[5]=f&params.quotas[6]=g&params.quotas[7]=h&"
             "params.quotas[8]=i&params.quotas[9]=j&params.quotas[10]=k&sn=S",
             "",
             "params.quotas[0]=a&params.quotas[1]=b&params.quotas[2]=c&params.quotas[3]=d&"
             "params.quotas[4]=e&params.quotas[5]=f&params.quotas[6]=g&params.quotas[7]=h&"
             "params.quotas[8]=i&params.quotas[9]=j&params.quotas[10]=k&sn=S",
             R"({"params":{"quotas":["a","b","c","d","e","f","g","h","i","j","k"]},"sn":"S"})"},
        Sent{"homebridge-ecoflow", "set: a body sorted level by level", kJson, "", kTwelveSlots,
             "params.cmdSet=11&params.id=81&params.slots[0]=0&params.slots[1]=1&params.slots[2]=2&"
             "params.slots[3]=3&params.slots[4]=4&params.slots[5]=5&params.slots[6]=6&"
             "params.slots[7]=7&params.slots[8]=8&params.slots[9]=9&params.slots[10]=10&"
             "params.slots[11]=11&sn=S",
             kTwelveSlots},

        // evcc: signs the query's decoded values, however the query is encoded.
        Sent{"evcc", "quota all", "", "sn=S", "", "sn=S", kSn, "004711"},
        Sent{"evcc", "a query that is encoded", "", "sn=S&x=a%20b%2Bc", "", "sn=S&x=a b+c",
             R"({"sn":"S","x":"a b+c"})", "004711"},

        // hassio-ecoflow-eu-delta3: a JSON type on GET, so nothing is signed.
        Sent{"hassio-ecoflow-eu-delta3", "list", kJson, "", "", "", kNothing},
        Sent{"hassio-ecoflow-eu-delta3", "quota all: sn not signed", kJson, "sn=S", "", "", kSn},

        // ecoflow-sdk: a Content-Type only with a body.
        Sent{"ecoflow-sdk", "quota all", "", "sn=S", "", "sn=S", kSn},
        Sent{"ecoflow-sdk", "set", kJson, "", R"({"sn":"S","params":{"permanentWatts":2000}})",
             "params.permanentWatts=2000&sn=S", R"({"sn":"S","params":{"permanentWatts":2000}})"},

        // ecoflow-api-examples: spaces in the body, selectors among the params.
        Sent{"ecoflow-api-examples", "read: a POST with selectors", kJson, "",
             R"({"sn": "S", "params": {"cmdSet": 32, "id": 66, "quotas": ["inv.cfgAcEnabled"]}})",
             "params.cmdSet=32&params.id=66&params.quotas[0]=inv.cfgAcEnabled&sn=S",
             R"({"sn":"S","params":{"cmdSet":32,"id":66,"quotas":["inv.cfgAcEnabled"]}})"}),
    [](const ::testing::TestParamInfo<Sent>& row) {
      std::string name;
      for (const char c : fmt::format("{}_{}", row.param.client, row.param.what)) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') name += c;
      }
      return name;
    });

}  // namespace
}  // namespace gridloom::wire
