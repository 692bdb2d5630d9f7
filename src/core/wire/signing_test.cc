#include "wire/signing.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "wire/test_signing.h"

namespace gridloom::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kKey = "Fp4SvIprYSDPXtYJidEtUAd1o";
constexpr std::string_view kSecret = "WIbFEKre0s6sLnh4ei7SPUeYnptHG6V";
constexpr std::string_view kTail =
    "accessKey=Fp4SvIprYSDPXtYJidEtUAd1o&nonce=345164&timestamp=1671171709428";
constexpr std::string_view kJson = "application/json;charset=UTF-8";

KeyedMac mac_of(std::string_view secret = kSecret) {
  return std::move(KeyedMac::make(Secret(std::string(secret))).value());
}

// Uses the one-shot call, to be independent of the code under test.
std::string hex_mac(std::string_view text, std::string_view secret = kSecret) {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes bytes
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes, text.size(),
       digest.data(), &size);
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

SignedRequest request_of(std::string_view content_type, std::string_view query,
                         std::string_view body) {
  return {.content_type = content_type,
          .query = query,
          .body = body,
          .access_key = kKey,
          .nonce = "345164",
          .timestamp = "1671171709428",
          .sign = ""};
}

Status verified(SignedRequest request, std::string_view signed_parameters) {
  std::string text(signed_parameters);
  if (!text.empty()) text += '&';
  text += fmt::format("accessKey={}&nonce={}&timestamp={}", request.access_key, request.nonce,
                      request.timestamp);
  const std::string sign = hex_mac(text);
  request.sign = sign;
  KeyedMac mac = mac_of();
  return verify(request, mac);
}

std::string parameters_text(const SignedRequest& request) {
  const Result<JsonObject> parameters = parameters_of(request);
  return parameters ? to_text(Json(*parameters)) : parameters.error().detail;
}

TEST(Signing, TheGuidesOwnVectorVerifies) {
  SignedRequest request = request_of(
      kJson, "",
      "{\n \"sn\" : \"123456789\" ,\n \"params\" :{ \"cmdSet\" :11, \"id\" :24, \"eps\" :0 }\n}");
  request.sign = "07c13b65e037faf3b153d51613638fa80003c4c38d2407379a7f52851af1473e";
  KeyedMac mac = mac_of();
  EXPECT_TRUE(verify(request, mac));
  EXPECT_EQ(sign(request, mac).value(), request.sign);
  EXPECT_EQ(canonical_strings(request)->front(),
            "params.cmdSet=11&params.eps=0&params.id=24&sn=123456789&" + std::string(kTail));
}

TEST(Signing, TheGuidesNestedExampleFlattensAsShown) {
  const SignedRequest request = request_of(kJson, "",
                                           R"({"name":"demo1","ids":[1,2,3],"deviceInfo":{"id":1},)"
                                           R"("deviceList":[{"id":1},{"id":2}]})");
  EXPECT_EQ(canonical_strings(request)->front(),
            "deviceInfo.id=1&deviceList[0].id=1&deviceList[1].id=2&ids[0]=1&ids[1]=2&ids[2]=3&"
            "name=demo1&" +
                std::string(kTail));
}

struct Form {
  std::string_view what;
  std::string_view content_type;
  std::string_view query;
  std::string_view body;
  std::string_view signed_parameters;
  std::string_view read;
};

class ClientForms : public ::testing::TestWithParam<Form> {};

TEST_P(ClientForms, VerifyAndReadWhatWasSigned) {
  const Form& form = GetParam();
  const SignedRequest request = request_of(form.content_type, form.query, form.body);
  const Status status = verified(request, form.signed_parameters);
  EXPECT_TRUE(status) << form.what << ": " << status.error().detail;
  EXPECT_EQ(parameters_text(request), form.read) << form.what;
}

constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::string_view kEleven =
    R"({"q":["a","b","c","d","e","f","g","h","i","j","k"],"sn":"S"})";

INSTANTIATE_TEST_SUITE_P(
    Signing, ClientForms,
    ::testing::Values(
        Form{"a JSON body with a charset", kJson, "", R"({"sn":"S","params":{"b":1,"a":2}})",
             "params.a=2&params.b=1&sn=S", R"({"sn":"S","params":{"b":1,"a":2}})"},
        Form{"a JSON type in odd case and spacing", " Application / JSON ; Charset = utf-8", "",
             R"({"sn":"S"})", "sn=S", R"({"sn":"S"})"},
        Form{"another JSON type", "application/vnd.api+json", "", R"({"sn":"S"})", "sn=S",
             R"({"sn":"S"})"},
        Form{"GET with a JSON type and no body signs nothing", "application/json", "sn=S", "", "",
             R"({"sn":"S"})"},
        Form{"GET without a type signs the query", "", "sn=S", "", "sn=S", R"({"sn":"S"})"},
        Form{"a form type, with a body that is ignored", kForm, "sn=S", "sn=T", "sn=S",
             R"({"sn":"S"})"},
        Form{"no parameters at all", "", "", "", "", "{}"},
        Form{"PUT with sn in the query beside its body", kJson, "sn=S", R"({"sn":"S","a":1})",
             "a=1&sn=S", R"({"sn":"S","a":1})"},
        Form{"GET with a signed JSON body", "application/json", "",
             R"({"sn":"S","params":{"quotas":["pd.soc"]}})", "params.quotas[0]=pd.soc&sn=S",
             R"({"sn":"S","params":{"quotas":["pd.soc"]}})"},
        Form{"POST with everything in the query", "", "params.quotas[0]=pd.soc&sn=S", "",
             "params.quotas[0]=pd.soc&sn=S", R"({"params":{"quotas":["pd.soc"]},"sn":"S"})"},
        Form{"eleven elements in ASCII order", kJson, "", kEleven,
             "q[0]=a&q[10]=k&q[1]=b&q[2]=c&q[3]=d&q[4]=e&q[5]=f&q[6]=g&q[7]=h&q[8]=i&q[9]=j&sn=S",
             kEleven},
        Form{"eleven elements by index", kJson, "", kEleven,
             "q[0]=a&q[1]=b&q[2]=c&q[3]=d&q[4]=e&q[5]=f&q[6]=g&q[7]=h&q[8]=i&q[9]=j&q[10]=k&sn=S",
             kEleven},
        Form{"a name that begins like another, flattened order", kJson, "",
             R"({"a":{"z":1},"a-b":2})", "a-b=2&a.z=1", R"({"a":{"z":1},"a-b":2})"},
        Form{"a name that begins like another, order by level", kJson, "",
             R"({"a-b":2,"a":{"z":1}})", "a.z=1&a-b=2", R"({"a-b":2,"a":{"z":1}})"},
        Form{"whole pairs sorted", kJson, "", R"({"id":1,"id2":2})", "id2=2&id=1",
             R"({"id":1,"id2":2})"},
        Form{"the query as sent", "", "sn=S&params.quotas[0]=pd.soc", "",
             "sn=S&params.quotas[0]=pd.soc", R"({"params":{"quotas":["pd.soc"]},"sn":"S"})"},
        Form{"the query sorted, undecoded", "", "sn=S&a=x%20y", "", "a=x%20y&sn=S",
             R"({"a":"x y","sn":"S"})"},
        Form{"the query sorted, decoded", "", "sn=S&params.quotas%5B0%5D=pd.soc&a=x+y", "",
             "a=x y&params.quotas[0]=pd.soc&sn=S",
             R"({"a":"x y","params":{"quotas":["pd.soc"]},"sn":"S"})"},
        Form{"a query's eleven elements by index", "",
             "q[0]=a&q[1]=b&q[2]=c&q[3]=d&q[4]=e&q[5]=f&q[6]=g&q[7]=h&q[8]=i&q[9]=j&q[10]=k", "",
             "q[0]=a&q[1]=b&q[2]=c&q[3]=d&q[4]=e&q[5]=f&q[6]=g&q[7]=h&q[8]=i&q[9]=j&q[10]=k",
             R"({"q":["a","b","c","d","e","f","g","h","i","j","k"]})"},
        Form{"strings raw", kJson, "", R"({"n":"caf\u00e9 & \"b\"=c%20+\n","o":""})",
             "n=caf\xc3\xa9 & \"b\"=c%20+\n&o=",
             "{\"n\":\"caf\xc3\xa9 & \\\"b\\\"=c%20+\\n\",\"o\":\"\"}"},
        Form{"numbers by their own token", kJson, "", R"({"a":1.0,"b":1e3,"c":-0,"d":2.50})",
             "a=1.0&b=1e3&c=-0&d=2.50", R"({"a":1,"b":1000,"c":0,"d":2.5})"},
        Form{"booleans and null", kJson, "", R"({"t":true,"f":false,"n":null})",
             "f=false&n=null&t=true", R"({"t":true,"f":false,"n":null})"},
        Form{"empty arrays and objects add nothing", kJson, "", R"({"a":[],"b":{},"c":{"d":[{}]}})",
             "", R"({"a":[],"b":{},"c":{"d":[{}]}})"},
        Form{"an empty object", kJson, "", "{}", "", "{}"},
        Form{"nested arrays", kJson, "", R"({"a":[[1,2],[{"b":3}]]})",
             "a[0][0]=1&a[0][1]=2&a[1][0].b=3", R"({"a":[[1,2],[{"b":3}]]})"},
        Form{"an unknown extra parameter", "", "sn=S&whatever=1", "", "sn=S&whatever=1",
             R"({"sn":"S","whatever":"1"})"}),
    [](const ::testing::TestParamInfo<Form>& row) {
      std::string name;
      for (const char c : row.param.what) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
      }
      return name;
    });

TEST(Signing, NoncesTimestampsAndHexOfEveryClientAreAccepted) {
  struct Row {
    std::string_view nonce;
    std::string_view timestamp;
  };
  for (const Row& row :
       {Row{"000001", "1671171709428"}, Row{"123e4567-e89b-12d3-a456-426614174000", "1671171709"},
        Row{"x", "1671171709428123456"},
        Row{"0123456789012345678901234567890123456789012345678901234567890123", "-1"}}) {
    SignedRequest request = request_of("", "sn=S", "");
    request.nonce = row.nonce;
    request.timestamp = row.timestamp;
    EXPECT_TRUE(verified(request, "sn=S")) << row.nonce;
  }
  SignedRequest request = request_of("", "sn=S", "");
  std::string sign = hex_mac("sn=S&" + std::string(kTail));
  std::ranges::transform(sign, sign.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  request.sign = sign;
  KeyedMac mac = mac_of();
  EXPECT_TRUE(verify(request, mac));
}

TEST(Signing, HeadersThatAreMissingOrWrongAreNamed) {
  const std::string good(64, 'a');
  const std::string long_nonce(65, '1');
  struct Row {
    std::string_view nonce;
    std::string_view timestamp;
    std::string sign;
    std::string_view detail;
  };
  const std::vector<Row> rows = {
      {"1", "1", "", "the header sign is missing"},
      {"", "1", good, "the header nonce is missing"},
      {"1", "", good, "the header timestamp is missing"},
      {long_nonce, "1", good, "the header nonce has 65 characters, at most 64 are allowed"},
      {"1", "12x", good, "the header timestamp is \"12x\", expected a whole number"},
      {"1", "-", good, "the header timestamp is \"-\""},
      {"1", "1.5", good, "the header timestamp is \"1.5\""},
      {"1", "1", "abc", "the header sign has 3 characters, expected 64 hex digits"},
      {"1", "1", "g123456789012345678901234567890123456789012345678901234567890123",
       "something else than hex digits"},
      {"1", "1", std::string(63, 'a') + 'G', "something else than hex digits"},
      {"1", "1", std::string(63, 'a') + '/', "something else than hex digits"},
      {"1", "1", std::string(63, 'a') + ':', "something else than hex digits"},
      {"1", "1", std::string(63, 'a') + '@', "something else than hex digits"},
      {"1", "1", std::string(63, 'a') + '`', "something else than hex digits"},
      {"1", "1", std::string(63, 'a') + '\xff', "something else than hex digits"},
  };
  KeyedMac mac = mac_of();
  for (const Row& row : rows) {
    SignedRequest request = request_of("", "sn=S", "");
    request.nonce = row.nonce;
    request.timestamp = row.timestamp;
    request.sign = row.sign;
    const Status status = verify(request, mac);
    ASSERT_FALSE(status) << row.detail;
    EXPECT_EQ(status.error().code, ErrorCode::kWrongSignature);
    EXPECT_THAT(status.error().detail, HasSubstr(std::string(row.detail)));
  }
}

TEST(Signing, AWrongSecretIsRefusedAndNeverShown) {
  SignedRequest request = request_of(kJson, "", R"({"sn":"S"})");
  const std::string given = hex_mac("sn=S&" + std::string(kTail), "another secret");
  request.sign = given;
  KeyedMac mac = mac_of();
  const Status status = verify(request, mac);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kWrongSignature);
  EXPECT_THAT(status.error().detail,
              HasSubstr("sn=S&[key]&nonce=345164&timestamp=1671171709428, where [key] is"));
  // Some clients treat a message that contains this header's name as a refusal of the key.
  EXPECT_THAT(status.error().detail, Not(HasSubstr("accessKey")));
  EXPECT_THAT(status.error().detail, Not(HasSubstr(std::string(kKey))));
  EXPECT_THAT(status.error().detail, HasSubstr("in the body, as the Content-Type is JSON"));
  EXPECT_THAT(status.error().detail, Not(HasSubstr(std::string(kSecret))));
  EXPECT_THAT(status.error().detail, Not(HasSubstr(hex_mac("sn=S&" + std::string(kTail)))));
}

TEST(Signing, ATamperedRequestIsRefused) {
  struct Row {
    std::string_view content_type;
    std::string_view query;
    std::string_view body;
    std::string_view signed_parameters;
  };
  const std::vector<Row> rows = {
      {kJson, "", R"({"sn":"T"})", "sn=S"},
      {kJson, "", R"({"sn":"S","extra":1})", "sn=S"},
      {kJson, "", R"({"sn":"S","a":1.0})", "a=1&sn=S"},
      {"", "sn=T", "", "sn=S"},
      {"", "sn=S&x=1", "", "sn=S"},
      {"", "sn=T", R"({"sn":"S"})", "sn=S"},
      {"text/plain", "", R"({"sn":"S"})", "sn=S"},
      {"application/json", "sn=S", "", "sn=S"},
      {"application/jsonp", "", R"({"sn":"S"})", "sn=S"},
      {kJson, "sn=S", R"({"sn":"T"})", "sn=S"},
      {kJson, "", R"({"a":1,"b":2,"c":3})", "b=2&a=1&c=3"},
      {"", "a=1&a=2&b=3", "", "a=2&a=1&b=3"},
  };
  for (const Row& row : rows) {
    const Status status =
        verified(request_of(row.content_type, row.query, row.body), row.signed_parameters);
    ASSERT_FALSE(status) << row.query << row.body;
    EXPECT_EQ(status.error().code, ErrorCode::kWrongSignature);
  }
}

TEST(Signing, AnUnsignedQueryIsHarmless) {
  // With a signed body, nothing in the query is read ...
  const SignedRequest beside = request_of(kJson, "sn=T&params.enabled=0", R"({"sn":"S"})");
  EXPECT_TRUE(verified(beside, "sn=S"));
  EXPECT_EQ(parameters_text(beside), R"({"sn":"S"})");
  // ... with a JSON type and no body, only the query's sn ...
  const SignedRequest bare = request_of("application/json", "params.enabled=0&sn=S&x=1", " ");
  EXPECT_TRUE(verified(bare, ""));
  EXPECT_EQ(parameters_text(bare), R"({"sn":"S"})");
  EXPECT_THAT(parameters_text(request_of("application/json", "sn=S&sn=T", "")),
              HasSubstr("given twice"));
  // ... and without a JSON type, nothing in the body.
  const SignedRequest form = request_of("", "sn=S", R"({"sn":"T"})");
  EXPECT_TRUE(verified(form, "sn=S"));
  EXPECT_EQ(parameters_text(form), R"({"sn":"S"})");
}

TEST(Signing, CanonicalStringsComeInOrderWithoutRepetition) {
  const auto strings = [](std::string_view type, std::string_view query, std::string_view body) {
    std::vector<std::string> out = canonical_strings(request_of(type, query, body)).value();
    for (std::string& text : out) text.resize(text.size() - kTail.size());
    return out;
  };
  EXPECT_THAT(strings("", "", ""), ElementsAre(""));
  EXPECT_THAT(strings("", "sn=S", ""), ElementsAre("sn=S&"));
  EXPECT_THAT(strings("", "sn=S&a=1", ""), ElementsAre("a=1&sn=S&", "sn=S&a=1&"));
  EXPECT_THAT(
      strings("", "b=x%20y&a2=1&a=2", ""),
      ElementsAre("a=2&a2=1&b=x y&", "a2=1&a=2&b=x y&", "b=x%20y&a2=1&a=2&", "a=2&a2=1&b=x%20y&"));
  EXPECT_THAT(strings(kJson, "ignored=1", R"({"a":{"z":1},"a-1":2,"a-":3})"),
              ElementsAre("a-=3&a-1=2&a.z=1&", "a.z=1&a-=3&a-1=2&", "a-1=2&a-=3&a.z=1&"));
  EXPECT_THAT(strings("", "flag&&=v&", ""), ElementsAre("=v&flag=&", "flag&&=v&&"));
}

TEST(Signing, ABodyThatIsNoJsonObjectIsTheParametersFault) {
  EXPECT_EQ(verified(request_of(kJson, "", "{\"sn\":"), "").error().code, ErrorCode::kMalformed);
  EXPECT_EQ(verified(request_of(kJson, "", "[1]"), "[0]=1").error().code, ErrorCode::kBadParams);
  EXPECT_EQ(verified(request_of(kJson, "", "null"), "=null").error().code, ErrorCode::kBadParams);
  EXPECT_EQ(parameters_of(request_of(kJson, "", "[1]")).error().code, ErrorCode::kBadParams);
  EXPECT_EQ(parameters_of(request_of(kJson, "", "{")).error().code, ErrorCode::kMalformed);
}

TEST(Signing, EachLimitHoldsAtItsValueAndFailsOnePastIt) {
  const SigningLimits limits{.query_bytes = 12, .parameters = 3, .canonical_bytes = 24};
  const auto accepted = [&limits](std::string_view type, std::string_view query,
                                  std::string_view body) {
    return canonical_strings(request_of(type, query, body), limits).has_value();
  };
  EXPECT_TRUE(accepted("", "a=1&b=2&c=3", ""));
  EXPECT_FALSE(accepted("", "a=&b=&c=&d=", ""));
  EXPECT_TRUE(accepted("", "a=1234567890", ""));
  EXPECT_FALSE(accepted("", "a=12345678901", ""));
  EXPECT_TRUE(accepted(kJson, "", R"({"a":1,"b":2,"c":3})"));
  EXPECT_FALSE(accepted(kJson, "", R"({"a":1,"b":2,"c":3,"d":4})"));
  EXPECT_TRUE(accepted(kJson, "", R"({"a":"1234567890123456789012"})"));
  EXPECT_FALSE(accepted(kJson, "", R"({"a":"12345678901234567890123"})"));
  EXPECT_EQ(canonical_strings(request_of("", "a=&b=&c=&d=", ""), limits).error().code,
            ErrorCode::kBadParams);
  const SigningLimits growth{.growth = 1};
  const auto element =
      [&growth](std::size_t name_bytes) {  // one flattened name of 2,000 bytes more
        const std::string body = "{\"" + std::string(name_bytes, 'n') + "\":[1,2,3,4,5,6,7,8,9]}";
        return canonical_strings(request_of(kJson, "", body), growth).has_value();
      };
  EXPECT_TRUE(element(2000));   // 18,045 bytes of 16,384 + 2,024
  EXPECT_FALSE(element(2060));  // 18,585 of 16,384 + 2,084
  // A long name before many elements must not multiply into gigabytes.
  std::string wide = "{\"" + std::string(100'000, 'n') + "\":[0";
  for (int i = 0; i < 50'000; ++i) wide += ",0";
  EXPECT_EQ(canonical_strings(request_of(kJson, "", wide + "]}")).error().code,
            ErrorCode::kBadParams);
}

TEST(Signing, ALongRequestIsShownShortened) {
  const std::string query = "a=" + std::string(5000, 'x') + "\xc3\xa9\xff";
  const Status status = verified(request_of("", query, ""), "other");
  ASSERT_FALSE(status);
  EXPECT_LT(status.error().detail.size(), 2300U);
  EXPECT_THAT(status.error().detail, HasSubstr("more bytes)"));
  const Status bytes = verified(request_of("", "a=\xff", ""), "other");
  EXPECT_THAT(bytes.error().detail, HasSubstr("a=?&[key]"));
}

TEST(Signing, AQueryIsDecodedAsFormsAre) {
  const auto pair = [](std::string_view name, std::string_view value) {
    return std::pair(std::string(name), std::string(value));
  };
  EXPECT_THAT(parse_query("a=1&b=x+y%20z&c=%2B%26%3d&d&=e&&f=g=h&%61=%e9%C3%A9"),
              ElementsAre(pair("a", "1"), pair("b", "x y z"), pair("c", "+&="), pair("d", ""),
                          pair("", "e"), pair("f", "g=h"), pair("a", "\xe9\xc3\xa9")));
  EXPECT_THAT(parse_query("a=%&b=%4&c=%zz&d=100%&e=%%41"),
              ElementsAre(pair("a", "%"), pair("b", "%4"), pair("c", "%zz"), pair("d", "100%"),
                          pair("e", "%A")));
  EXPECT_TRUE(parse_query("").empty());
  EXPECT_TRUE(parse_query("&&").empty());
  EXPECT_EQ(parse_query("a&b&c", 2).size(), 2U);
}

TEST(Signing, FlattenedNamesOfAQueryBecomeLevels) {
  const std::vector<std::pair<std::string_view, std::string_view>> rows = {
      {"", "{}"},
      {"sn=S", R"({"sn":"S"})"},
      {"params.quotas[1]=b&sn=S&params.quotas[0]=a", R"({"params":{"quotas":["a","b"]},"sn":"S"})"},
      {"a[0].b=1&a[0].c=2&a[1].b=3", R"({"a":[{"b":"1","c":"2"},{"b":"3"}]})"},
      {"a[0][0]=1&a[0][1]=2", R"({"a":[["1","2"]]})"},
      {"a=", R"({"a":""})"},
      {"a..b=1", R"({"a..b":"1"})"},
      {"a[]=1", R"({"a[]":"1"})"},
      {"a[01]=1", R"({"a[01]":"1"})"},
      {"[0]=1", R"({"[0]":"1"})"},
      {"a[0]b=1", R"({"a[0]b":"1"})"},
      {"a.=1&.b=2&a]=3&c[=4&d[x]=5", R"({".b":"2","a.":"1","a]":"3","c[":"4","d[x]":"5"})"},
      {"a=1&a=2", "the parameter a is given twice"},
      {"a=1&a.b=2", "the parameter a.b is given twice"},
      {"a.b=1&a[0]=2", "the parameter a.b is given twice"},
      {"a[1]=1", "the parameter a[1] is given twice, or leaves out an index"},
      {"a[0]=1&a[2]=1", "the parameter a[2] is given twice, or leaves out an index"},
      {"a[99999999999999999999]=1", "leaves out an index"},
      {"a%26b=1", "the parameter name \"a&b\" holds & or ="},
      {"a=%ff", "the parameter a is not UTF-8"},
      {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d.e.f.g=1",
       "nested deeper than 32 levels"},
      {"................................=1", "nested deeper than 32 levels"},
  };
  for (const auto& [query, expected] : rows) {
    EXPECT_THAT(parameters_text(request_of("", query, "")), HasSubstr(std::string(expected)))
        << query;
  }
  std::string twelve;
  for (int i = 0; i < 12; ++i) twelve += fmt::format("&q[{}]={}", i, i);
  EXPECT_EQ(parameters_text(request_of("", twelve, "")),
            R"({"q":["0","1","2","3","4","5","6","7","8","9","10","11"]})");
}

TEST(Signing, WhatIsHandledWasReadForTheSignature) {
  const struct {
    std::string_view type;
    std::string_view query;
    std::string_view body;
    std::string_view read;
  } rows[] = {
      {kJson, "sn=other", R"({"sn":"S","params":{"a":[1,"1",1.50,null],"b":{},"c":[]}})",
       R"({"sn":"S","params":{"a":[1,"1",1.5,null],"b":{},"c":[]}})"},
      {"", "a.b=1&a.c[0]=x%20y", R"({"sn":"unsigned"})", R"({"a":{"b":"1","c":["x y"]}})"},
      {kJson, "sn=S&b=2", "", R"({"sn":"S"})"},
  };
  KeyedMac mac = mac_of();
  for (const auto& row : rows) {
    SignedRequest request = request_of(row.type, row.query, row.body);
    const Result<std::string> own = sign(request, mac);
    ASSERT_TRUE(own) << own.error().detail;
    request.sign = *own;
    ReadParameters read;
    ASSERT_TRUE(verify(request, mac, {}, nullptr, &read));
    const Result<JsonObject> parameters = parameters_of(request, {}, std::move(read));
    ASSERT_TRUE(parameters) << parameters.error().detail;
    EXPECT_EQ(to_text(*parameters), row.read);
    EXPECT_EQ(*parameters, parameters_of(request).value());
  }
}

TEST(Signing, NamesThatTheSignatureCannotPinAreNotReadFromABody) {
  for (const std::string_view body : {R"({"a.b":1})", R"({"a":{"b[0]":1}})", R"({"a":[{"b&c":1}]})",
                                      R"({"a=1":1})", R"({"":1})"}) {
    const Result<JsonObject> parameters = parameters_of(request_of(kJson, "", body));
    ASSERT_FALSE(parameters) << body;
    EXPECT_EQ(parameters.error().code, ErrorCode::kBadParams);
  }
}

TEST(Signing, AKeyedMacIsReusableAndItsCopyIsIndependent) {
  KeyedMac mac = mac_of();
  KeyedMac copy = std::move(mac.copy().value());
  const auto hex = [](const Digest& digest) {
    std::string out;
    for (const std::uint8_t byte : digest) out += fmt::format("{:02x}", byte);
    return out;
  };
  for (const std::string_view text :
       {"", "a",
        "something longer than one block of sixty-four bytes, so that the "
        "hash runs twice"}) {
    EXPECT_EQ(hex(mac.of(text).value()), hex_mac(text));
    EXPECT_EQ(hex(copy.of(text).value()), hex_mac(text));
  }
  const std::string long_secret(200, 's');
  EXPECT_EQ(hex(mac_of(long_secret).of("a").value()), hex_mac("a", long_secret));
  EXPECT_FALSE(KeyedMac::make(Secret()));
}

TEST(Signing, JsonTypesAreRecognised) {
  for (const std::string_view type :
       {"application/json", "APPLICATION/JSON", "text/json", "application/json ; charset=gbk",
        "application/problem+json", "\tapplication/json"}) {
    EXPECT_TRUE(is_json_type(type)) << type;
  }
  for (const std::string_view type :
       {"", "json", "/json", "application/jsonx", "text/plain", "text/plain; x=application/json",
        "application/x-www-form-urlencoded", "application/json-seq", ";application/json"}) {
    EXPECT_FALSE(is_json_type(type)) << type;
  }
}

}  // namespace
}  // namespace gridloom::wire
