// SPDX-License-Identifier: MIT
// Made by tests/support/handshake_vectors.py; a test compares.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tollgate::test {

/// One handshake with everything random given. Keys, messages and cookies are hexadecimal.
struct HandshakeVector {
    std::string_view initiator_private;
    std::string_view responder_private;
    std::string_view preshared;
    std::string_view initiator_ephemeral;
    std::string_view responder_ephemeral;
    std::int64_t unix_ns = 0;  ///< the initiator's clock
    std::uint32_t initiator_index = 0;
    std::uint32_t responder_index = 0;
    std::string_view initiation;
    std::string_view response;
    std::string_view initiator_data;  ///< the initiator's first message: a keepalive
    std::string_view responder_data;  ///< the responder's fourth: "tollgate", padded
    std::string_view source_address;
    std::uint16_t source_port = 0;
    std::string_view cookie_secret;
    std::string_view cookie;  ///< of the source
    std::string_view cookie_nonce;
    std::string_view cookie_reply;  ///< to the initiation, with the cookie
    std::string_view initiation_with_cookie;
};

// clang-format off
inline constexpr std::array<HandshakeVector, 2> kHandshakeVectors{{
    {
        "505b7bb8c9cd7d740efe74b8f47f5c4b8b16b451c14194d71ebb8b75b16f88f4",
        "ce1c7d0f1e79be157d040ed2a45d6a6f39f5050573e1abb40f95efd166fe74fe",
        "4a094c2268b16d5ced75a316d9e2adad759775404590f6108215ef6b34ce1f4d",
        "b4e79773d675095b79b31deb43abfec313002d38b6a75c92ac977ee873beebd8",
        "10f7c04a863218c9941da213dbd668178c2b0126db22272d19027f95cdbb11d1",
        1700000000123456789,
        16909060U,
        2712847316U,
        "010000000403020179a11c10fbf29a06d95fff516cd7ec4c286bd7435d1ad37e794763217a936e4a61f949ff8ef4d5db39c7309e39a53105103a8eadab7dd14b239a847154feb778749727d6a4a9862153fc04e3c0ab7ca24bf9f6478e55fb6bdf09d14f3bf6e6357ba8c990a3d1b270120b96d1ade14499a31e21e9a19cdd925d74230c00000000000000000000000000000000",
        "02000000d4c3b2a1040302016a0ba2789a0e2a3244bde2f552757ab63a0c9535d359634e809f8211fdf3fe23079ab6379511e2e7b0abe1d6619f65fc66cb722432685a5889ad13db5f5631af00000000000000000000000000000000",
        "04000000d4c3b2a1000000000000000099bbdb75880aff25aa58911586a14126",
        "040000000403020103000000000000007ba87ce4367905586dfa76bce7f309abed244018c524b567b971a23ebbdd4eab",
        "192.0.2.1",
        51820U,
        "466a4ed101545122ff6718557e66dab0f9fb61c66ca70dd1855d84d4ddbc338f",
        "8cc72c2efc10b29cca9f06cfdd0efd58",
        "f94df05c307aee452430884c67a0373eca9895f215c73cf2",
        "0300000004030201f94df05c307aee452430884c67a0373eca9895f215c73cf2e974fac59bc94c9468a81c077330abbaf83fd605fa5e1ab4b3002223d89c56ac",
        "010000000403020179a11c10fbf29a06d95fff516cd7ec4c286bd7435d1ad37e794763217a936e4a61f949ff8ef4d5db39c7309e39a53105103a8eadab7dd14b239a847154feb778749727d6a4a9862153fc04e3c0ab7ca24bf9f6478e55fb6bdf09d14f3bf6e6357ba8c990a3d1b270120b96d1ade14499a31e21e9a19cdd925d74230ce9c0d71d6222c1e4192afe91ba712caa",
    },
    {
        "1790608a07b9c8f9599c02ccc9bf0c61fa33954b74421a8712838d741e3e68c5",
        "27ff2acdab0e14c1bc3d72d291135dc157c44e72ebcb24acef8685619c2d7bdb",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "f4690c8c010c082b95eabbb83fc28a9e5e9ef9a3221f811a8277206423e20a32",
        "56f8b7cbf5d43d90d4a6466deebcbc0a056ea7107fa6d847583f4c5bb36a9c0c",
        1800000000999999999,
        0U,
        4294967295U,
        "01000000000000003f72eb2322b6424eefdc5e586b257461c1ecb9e6585dab408b5edad15880070e7f34f7b3ee08f8e245d59fec719a73d8b383b9f3397d0854fb20d1293ba5ba9ddb3418e0bd90f4b85a25609962d6f938672a496d6f2bc47a8b9a794153f934ab1a077bb3ca4971f1c5b12342784fe4bdc840c26257eff182cd56853700000000000000000000000000000000",
        "02000000ffffffff000000002fc5470a9dcb49b56cdf1e8588b8f498796b2154da2fc2b5860e01e1f15ba0467bcba5b9599238ea418a75330b0d59ce206686536ba67772e72888200121915a00000000000000000000000000000000",
        "04000000ffffffff00000000000000003778ebe6069eb337559ed53ac5861a49",
        "0400000000000000030000000000000098f36ff96b60b25dc37103ff338c2c9fd17ee6366846142b572bfe47d23e3856",
        "2001:db8::1",
        1U,
        "bc92837cc8761b0249f24f58c2e10992eefd6674a75dcac55aaf749e2d3df3ce",
        "79b1642bbc8f8cd9249796dba6f04c9e",
        "2aa31da60cc52f58bd64e0b81c65d42f76ca7a876e1909c8",
        "03000000000000002aa31da60cc52f58bd64e0b81c65d42f76ca7a876e1909c8a76f542877f272c7b410860e95ce6c904de6bbdf4861bceb75910a5c658896c2",
        "01000000000000003f72eb2322b6424eefdc5e586b257461c1ecb9e6585dab408b5edad15880070e7f34f7b3ee08f8e245d59fec719a73d8b383b9f3397d0854fb20d1293ba5ba9ddb3418e0bd90f4b85a25609962d6f938672a496d6f2bc47a8b9a794153f934ab1a077bb3ca4971f1c5b12342784fe4bdc840c26257eff182cd568537c01c4c0c4c85147e1889d181d8a868b9",
    },
}};
// clang-format on

}  // namespace tollgate::test
