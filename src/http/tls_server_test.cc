// TLS: what is spoken, what is refused, and which material the server starts with.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <thread>

#include "http/server_fixture_test.h"
#include "http/support_test.h"

namespace vams::http {
namespace {

using testing::HasSubstr;

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;

Key MakeKey() { return Key(::EVP_EC_gen("P-256")); }

// Self-signed for "localhost", valid from a day ago until `days` from now.
Certificate MakeCertificate(EVP_PKEY* key, long days) {
  Certificate made(::X509_new());
  ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), 1);
  ::X509_gmtime_adj(::X509_getm_notBefore(made.get()), -86400);
  ::X509_gmtime_adj(::X509_getm_notAfter(made.get()), days * 86400);
  ::X509_set_pubkey(made.get(), key);
  X509_NAME* const name = ::X509_get_subject_name(made.get());
  ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  ::X509_set_issuer_name(made.get(), name);
  EXPECT_GT(::X509_sign(made.get(), key, ::EVP_sha256()), 0);
  return made;
}

std::string Text(BIO* bio) {
  char* data = nullptr;
  const long size = ::BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}
std::string ToPem(X509* certificate) {
  const Bio bio(::BIO_new(::BIO_s_mem()));
  ::PEM_write_bio_X509(bio.get(), certificate);
  return Text(bio.get());
}
std::string ToPem(EVP_PKEY* key, const char* pass_phrase = nullptr) {
  const Bio bio(::BIO_new(::BIO_s_mem()));
  ::PEM_write_bio_PKCS8PrivateKey(bio.get(), key,
                                  pass_phrase != nullptr ? ::EVP_aes_256_cbc() : nullptr,
                                  pass_phrase, pass_phrase != nullptr ? 4 : 0, nullptr, nullptr);
  return Text(bio.get());
}

class ServerTlsTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    key_ = MakeKey();
    certificate_ = MakeCertificate(key_.get(), 30);
    options_.tls = TlsOptions{folder_.Put("certificate.pem", ToPem(certificate_.get())),
                              folder_.Put("key.pem", ToPem(key_.get()))};
    client_.reset(::SSL_CTX_new(::TLS_client_method()));
    ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(client_.get()), certificate_.get());
    ::SSL_CTX_set_verify(client_.get(), SSL_VERIFY_PEER, nullptr);
    Add("/secure",
        [](const Request& rq, OpContext&) { return Message(200, rq.secure ? "secure" : "plain"); });
  }

  // The error of a start that must fail.
  Error StartError() {
    const auto server = Server::Start(options_, routes_);
    EXPECT_FALSE(server.ok());
    return server.ok() ? Error() : server.error();
  }

  const TempFolder folder_;
  Key key_;
  Certificate certificate_;
  Context client_;
};

TEST_F(ServerTlsTest, ServesWithTheCertificateItWasGiven) {
  Start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ::SSL_CTX_set_min_proto_version(client_.get(), version);
    ::SSL_CTX_set_max_proto_version(client_.get(), version);
    TestClient client(server_->port());
    ASSERT_TRUE(client.StartTls(client_.get())) << version;

    EXPECT_EQ(::SSL_version(client.tls()), version);
    EXPECT_EQ(client.Ask(Get("/secure")).body, R"({"message":"secure"})");
    client.Send(Post("/echo/a", "1") + Get("/echo/b"));
    EXPECT_EQ(client.Read().body, "name=a;1");
    EXPECT_EQ(client.Read().body, "name=b;");
  }
}

// Records have to be decrypted where the connection lives, while the handler waits on its thread.
TEST_F(ServerTlsTest, TakesABodyWhileItArrives) {
  routes_.Add({.verb = Verb::kPut,
               .path = "/take",
               .id = "take",
               .handle = [](const Request& rq, OpContext&) -> Result<Response> {
                 std::string all;
                 std::string buffer(100'000, '\0');
                 while (true) {
                   TRY(const std::size_t count, rq.incoming->Read(buffer));
                   if (count == 0) break;
                   all.append(buffer, 0, count);
                 }
                 Response response;
                 response.body = std::move(all);
                 return response;
               },
               .streams_body = true});
  options_.read_timeout = std::chrono::milliseconds(1000);
  Start();
  std::string bytes(3'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 >> 3);
  const std::string head = "PUT /take HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n";
  TestClient client(server_->port());
  ASSERT_TRUE(client.StartTls(client_.get()));

  client.Send(head + "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read(/*to_head=*/true).status, 100);
  client.Send(bytes + Get("/secure"));

  EXPECT_TRUE(client.Read().body == bytes);
  EXPECT_EQ(client.Read().body, R"({"message":"secure"})");
  client.Send(head + "\r\nhalf");
  EXPECT_EQ(client.Read().status, 408);
  TestClient gone(server_->port());
  ASSERT_TRUE(gone.StartTls(client_.get()));
  gone.Send(head + "\r\nhalf");
}

// The end of the stream is announced, so that nobody can pretend it by cutting the connection.
TEST_F(ServerTlsTest, SaysGoodbyeBeforeItCloses) {
  Start();
  TestClient client(server_->port());
  ASSERT_TRUE(client.StartTls(client_.get()));
  EXPECT_EQ(client.Ask(Get("/echo/x", "Connection: close\r\n")).status, 200);
  char byte = 0;
  const int got = ::SSL_read(client.tls(), &byte, 1);
  EXPECT_EQ(::SSL_get_error(client.tls(), got), SSL_ERROR_ZERO_RETURN);
}

TEST_F(ServerTlsTest, SendsBodiesOfEveryKind) {
  std::string bytes(5'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 131 >> 7);
  const auto file = std::make_shared<FileDescriptor>(
      ::open(folder_.Put("file", bytes).c_str(), O_RDONLY | O_CLOEXEC));
  class Pieces final : public BodySource {
   public:
    explicit Pieces(std::string_view bytes) : rest_(bytes) {}
    Result<std::size_t> Read(OpContext&, std::span<char> buffer) override {
      const std::size_t size = std::min(buffer.size(), rest_.size());
      std::ranges::copy(rest_.substr(0, size), buffer.begin());
      rest_.remove_prefix(size);
      return size;
    }

   private:
    std::string_view rest_;
  };
  Add("/body",
      [&](const Request&, OpContext&) -> Result<Response> { return Response{.body = bytes}; });
  Add("/file", [&](const Request&, OpContext&) -> Result<Response> {
    return Response{.file = FileBody{file, 10, bytes.size() - 20}};
  });
  Add("/stream", [&](const Request&, OpContext&) -> Result<Response> {
    return Response{.stream = std::make_shared<Pieces>(bytes)};
  });
  Start();
  TestClient client(server_->port(), {.receive_buffer = 64 << 10});
  ASSERT_TRUE(client.StartTls(client_.get()));

  EXPECT_TRUE(client.Ask(Get("/body")).body == bytes);
  EXPECT_TRUE(client.Ask(Get("/file")).body == bytes.substr(10, bytes.size() - 20));
  EXPECT_TRUE(client.Ask(Get("/stream")).body == bytes);
  EXPECT_EQ(client.Ask(Post("/echo/x", std::string(100'000, 'b'))).body.size(), 7u + 100'000u);
}

TEST_F(ServerTlsTest, DeliversTheRefusalOfALargeBodyThatIsStillBeingSent) {
  options_.body_limit = 1000;
  Start();
  TestClient client(server_->port());
  ASSERT_TRUE(client.StartTls(client_.get()));
  client.Send("POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  client.Send(std::string(100'000, 'b'));
  EXPECT_EQ(client.Read().status, 413);
}

// ---- What is not spoken ------------------------------------------------------------------------

TEST_F(ServerTlsTest, RefusesTls11) {
  Start();
  // The client is willing: at this level it may still speak versions that nobody should.
  ASSERT_EQ(::SSL_CTX_set_cipher_list(client_.get(), "ALL:@SECLEVEL=0"), 1);
  ::SSL_CTX_set_min_proto_version(client_.get(), TLS1_1_VERSION);
  ::SSL_CTX_set_max_proto_version(client_.get(), TLS1_1_VERSION);
  TestClient client(server_->port());
  ::ERR_clear_error();

  ASSERT_FALSE(client.StartTls(client_.get()));

  EXPECT_EQ(ERR_GET_REASON(::ERR_peek_error()), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
}

TEST_F(ServerTlsTest, RefusesCiphersWithoutForwardSecrecy) {
  Start();
  ::SSL_CTX_set_max_proto_version(client_.get(), TLS1_2_VERSION);
  ASSERT_EQ(::SSL_CTX_set_cipher_list(client_.get(), "AES128-SHA256:ECDHE-ECDSA-AES128-SHA256"), 1);
  TestClient client(server_->port());
  EXPECT_FALSE(client.StartTls(client_.get()));
}

TEST_F(ServerTlsTest, ChoosesHttp11AmongTheProtocolsOffered) {
  Start();
  const auto offer = [&](std::string_view protocols) {
    ::SSL_CTX_set_alpn_protos(client_.get(),
                              reinterpret_cast<const unsigned char*>(protocols.data()),
                              static_cast<unsigned int>(protocols.size()));
  };
  offer("\x02h2\x08http/1.1");
  TestClient both(server_->port());
  ASSERT_TRUE(both.StartTls(client_.get()));
  const unsigned char* chosen = nullptr;
  unsigned int size = 0;
  ::SSL_get0_alpn_selected(both.tls(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");

  offer("\x02h2");
  TestClient other(server_->port());
  EXPECT_FALSE(other.StartTls(client_.get()));
}

TEST_F(ServerTlsTest, ClosesOnGarbageAndServesTheNext) {
  Start();
  const std::string garbage[] = {Get("/echo/x"), std::string(3, '\0'), std::string(100'000, '\x16'),
                                 "\x16\x03\x01\x40\x00"};
  for (const std::string& bytes : garbage) {
    TestClient client(server_->port());
    client.Send(bytes);
    client.EndSending();
    while (!client.ReadSome(1000).empty()) {
    }
  }
  TestClient client(server_->port());
  ASSERT_TRUE(client.StartTls(client_.get()));
  EXPECT_EQ(client.Ask(Get("/echo/x")).status, 200);
}

TEST_F(ServerTlsTest, DropsAClientThatDoesNotFinishItsHandshake) {
  options_.read_timeout = std::chrono::milliseconds(40);
  Start();
  TestClient silent(server_->port());
  EXPECT_TRUE(silent.AtEnd());
  TestClient begun(server_->port());
  begun.Send("\x16\x03\x01\x01");
  EXPECT_TRUE(begun.AtEnd());
}

TEST_F(ServerTlsTest, StopsWhileAHandshakeIsUnderWay) {
  Start();
  TestClient served(server_->port());
  ASSERT_TRUE(served.StartTls(client_.get()));
  ASSERT_EQ(served.Ask(Get("/echo/x")).status, 200);
  TestClient begun(server_->port());
  begun.Send("\x16\x03\x01\x01");
  EXPECT_TRUE(server_->Stop(Soon()).ok());
}

// ---- Material ----------------------------------------------------------------------------------

TEST_F(ServerTlsTest, NamesTheFileThatCannotBeRead) {
  const TlsOptions good = *options_.tls;
  options_.tls->certificate_file = folder_.path() / "absent.pem";
  Error error = StartError();
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("absent.pem cannot be read (No such file or directory)"));

  options_.tls = good;
  options_.tls->key_file = folder_.path();
  error = StartError();
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("TLS key file " + folder_.path().string() +
                                       " cannot be read (Is a directory)"));
}

TEST_F(ServerTlsTest, NamesTheFileThatDoesNotHoldWhatItShould) {
  const TlsOptions good = *options_.tls;
  options_.tls->certificate_file = folder_.Put("garbage.pem", "garbage");
  Error error = StartError();
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_THAT(error.message, HasSubstr("garbage.pem holds no usable PEM certificate chain"));

  // Without a terminal or with one: nobody is asked for the pass phrase.
  for (const std::string& bad : {std::string("garbage"), ToPem(key_.get(), "pass")}) {
    options_.tls = good;
    options_.tls->key_file = folder_.Put("bad-key.pem", bad);
    error = StartError();
    EXPECT_EQ(error.code, Code::kInvalid);
    EXPECT_THAT(error.message, HasSubstr("bad-key.pem holds no usable PEM key"));
  }
}

TEST_F(ServerTlsTest, RefusesAKeyOfAnotherCertificate) {
  const Key rsa(::EVP_RSA_gen(2048));
  for (const std::string& other : {ToPem(MakeKey().get()), ToPem(rsa.get())}) {
    options_.tls->key_file = folder_.Put("other.pem", other);
    const Error error = StartError();
    EXPECT_EQ(error.code, Code::kInvalid);
    EXPECT_THAT(error.message, HasSubstr("other.pem does not belong to the certificate in "));
    EXPECT_THAT(error.message, HasSubstr("certificate.pem"));
  }
}

TEST_F(ServerTlsTest, RefusesAnExpiredCertificate) {
  const Certificate expired = MakeCertificate(key_.get(), -1);
  options_.tls->certificate_file = folder_.Put("old.pem", ToPem(expired.get()));
  const Error error = StartError();
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_THAT(error.message, HasSubstr("old.pem holds a certificate that has expired"));
}

}  // namespace
}  // namespace vams::http
