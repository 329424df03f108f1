// Signatures that the real minisign has made.

#include "vm/packages/signature.hpp"
#include "tests/vm/packages/packages.hpp"

using namespace celeriac::vm;
using namespace celeriac::vm::testing;
using celeriac::protocol::Status;

TEST_CASE("what minisign has signed is believed, in its present form and in its older one") {
  const Directory directory;
  const Signer signer(directory);
  const auto key = PublicKey::parse(signer.public_key());
  REQUIRE(key);
  const std::string bytes(100'000, 'x');
  for (const std::string_view options : {"", "-l"}) {
    const auto signature = Signature::parse(signer.sign(bytes, options));
    REQUIRE(signature);
    CHECK(signature->prehashed == options.empty());
    CHECK(signature->key_name() == key->name());
    CHECK(verify(*signature, *key, bytes));
    CHECK(verify(*signature, *key, bytes + 'x').error().code == "bad_signature");
    CHECK(verify(*signature, *key, "").error().status == Status::denied);
  }
}

TEST_CASE("a public key is read alone as well, and is named as minisign names it") {
  const Directory directory;
  const Signer signer(directory);
  const std::string text = signer.public_key();
  const auto whole = PublicKey::parse(text);
  const auto line = text.substr(text.find('\n') + 1);
  REQUIRE(whole);
  CHECK(PublicKey::parse(line).value() == *whole);
  CHECK(PublicKey::parse(line.substr(0, 56)).value() == *whole);
  CHECK(text.contains(whole->name()));
  CHECK_FALSE(PublicKey::parse(""));
  CHECK_FALSE(PublicKey::parse(line.substr(0, 55)));
  CHECK_FALSE(PublicKey::parse("AA" + line.substr(2)));
  CHECK_FALSE(PublicKey::parse("*" + line.substr(1)));
}

TEST_CASE("a changed trusted comment is no longer believed") {
  const Directory directory;
  const Signer signer(directory);
  auto signature = Signature::parse(signer.sign("soil", "-t 'version 1'")).value();
  const auto key = PublicKey::parse(signer.public_key()).value();
  CHECK(signature.trusted_comment == "version 1");
  CHECK(verify(signature, key, "soil"));
  signature.trusted_comment = "version 2";
  CHECK(verify(signature, key, "soil").error().message.contains("trusted comment"));
}

TEST_CASE("the key is looked for among the trusted ones; another of the same id does not count") {
  const Directory directory;
  const Signer ours(directory, "ours"), theirs(directory, "theirs");
  const auto our_key = PublicKey::parse(ours.public_key()).value();
  const auto their_key = PublicKey::parse(theirs.public_key()).value();
  const auto signature = Signature::parse(theirs.sign("soil")).value();
  CHECK(verify_with_any(signature, {our_key}, "soil").error().code == "unknown_key");
  CHECK(verify_with_any(signature, {our_key, their_key}, "soil").value() == their_key);
  auto impostor = our_key;
  impostor.id = their_key.id;
  CHECK(verify_with_any(signature, {impostor}, "soil").error().code == "bad_signature");
  CHECK(verify_with_any(signature, {impostor, their_key}, "soil").value() == their_key);
}

TEST_CASE("a text that is no signature is refused, whatever is wrong with it") {
  const Directory directory;
  const Signer signer(directory);
  const std::string good = signer.sign("soil");
  REQUIRE(Signature::parse(good));
  for (std::size_t size = 0; size + 2 < good.size(); ++size)
    CHECK_FALSE(Signature::parse(good.substr(0, size)));
  CHECK_FALSE(Signature::parse(std::string(100'000, 'x')));
  CHECK(Signature::parse("").error().status == Status::malformed);
}

TEST_CASE("the directory of trusted keys is read; what is no key in it is named") {
  const Directory directory;
  const Signer signer(directory);
  write_file(directory / "broken.pub", "hello");
  write_file(directory / "note.txt", "no key, and not taken for one");
  std::vector<std::string> trouble;
  const auto keys = trusted_keys(directory.path(), trouble);
  CHECK(keys == std::vector{PublicKey::parse(signer.public_key()).value()});
  REQUIRE(trouble.size() == 1);
  CHECK(trouble[0].contains("broken.pub"));
  CHECK(trusted_keys(directory / "nowhere", trouble).empty());
}
