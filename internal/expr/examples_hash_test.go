package expr

import "testing"

// hashExamples are what the deployment engine is on record for. Those in the
// tests of Azure/bicep (the first ones, and the IDs of "myRg", which its
// snapshots name storage accounts by) and of
// microsoft/commercial-marketplace-offer-deploy ("bobjacmodm201") are computed
// by its own code, as are those in the help of the AzExpression module ("value")
// and in answer 43295720 on Stack Overflow ("tyeth"). The others are in the
// tests and READMEs of implementations that were compared with it:
// JasonWhall/go-azure-uniquestring, Azure/terraform-provider-azapi and
// cloud-maker-ai/terraform-provider-arm2tf, whose guid() of several values
// leaves out the hyphens and is not among them. There is one at least for each
// length of the last block.
func hashExamples() []call {
	return []call{
		{"uniqueString", arr{"snap", "crackle", "pop"}, "byghxckddilkc"},
		{"uniqueString", arr{"asd", "asdf", "asdf"}, "iizpqit7ih3cc"},
		{"uniqueString", arr{"asd-asdf-asdf"}, "iizpqit7ih3cc"},
		{"guid", arr{"foo", "bar", "baz"}, "2ed86837-7c7c-5eaa-9864-dd077fd19b0d"},
		{"guid", arr{"asdf"}, "228d27cc-6fdb-5934-b7ac-1efccebade04"},
		{"uniqueString", arr{"test"}, "rbgf3xv4ufgzg"},
		{"uniqueString", arr{"tyeth"}, "zcztcwvu6iyg6"},
		{"uniqueString", arr{"hello", "world"}, "a7wkljktk6wne"},
		{"uniqueString", arr{"abc"}, "cgtzqvhu4i23s"},
		{"uniqueString", arr{"foo", "bar", "baz"}, "xzi4ioaxtmth4"},
		{"uniqueString", arr{"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my-rg"}, "bmg7c6xu4tw46"},
		{"uniqueString", arr{"/subscriptions/3c7f956b-55ee-4686-9d30-da1eb631dc59/resourceGroups/rg-devopsshieldek010dev"}, "fd63l2gacbtca"},
		{"uniqueString", arr{"test", "value"}, "bhxq2thzm5dym"},
		{"uniqueString", arr{"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myRg"}, "js26ofeqkqeve"},
		{"uniqueString", arr{"/subscriptions/11068ed9-6c31-4a47-8183-4eca6d84bb32/resourceGroups/myRg"}, "pwt7yebfrftwu"},
		{"uniqueString", arr{"/subscriptions/1ec1dd71-d88e-465d-95e2-4996c828833a/resourceGroups/myRg"}, "jztimcr36svny"},
		{"uniqueString", arr{"/subscriptions/31e9f9a0-9fd2-4294-a0a3-0101246d9700/resourceGroups/rg-modm201-20230913120256/providers/Microsoft.Compute/virtualMachines/bobjacmodm201"}, "yvjxno3je5on2"},
		{"uniqueString", arr{"/subscriptions/12345678-1234-1234-1234-123456789012/resourceGroups/my-rg", "Microsoft.Storage/storageAccounts"}, "z22rah77jfqry"},
		{"uniqueString", arr{"/subscriptions/00000000-0000-0000-0000-000000000000", "resource-id"}, "cwvxuqg24sifi"},
		{"uniqueString", arr{"t"}, "fsnwonksnm7cy"},
		{"uniqueString", arr{"te"}, "o57ehhbytctgs"},
		{"uniqueString", arr{"tes"}, "ebse57jls4qbc"},
		{"uniqueString", arr{"t", "e"}, "d5ykh7yoidm2a"},
		{"uniqueString", arr{"test", "test2", "test3"}, "bqgd334z2uj64"},
		{"guid", arr{"test", "value"}, "95b33d6a-06a0-5961-9b94-a0f6c648352b"},
		{"guid", arr{"test"}, "d6a5baf1-8b9b-542a-8525-2982f1f98a0c"},
		{"guid", arr{"hello"}, "520f8434-fe3a-5d99-888d-450a827486a1"},
		{"guid", arr{"hello", "world"}, "a5b868f8-11fe-567a-ace0-e77cc87f104e"},
		{"guid", arr{"world", "hello"}, "b1db13b3-4ca6-5782-bf9e-8495c3532f9d"},
		{"uniqueString", arr{"a", 1}, unknown},
		{"guid", arr{obj{}}, unknown},
	}
}

// TestNameUUIDs has UUIDs in other namespaces, which are published: by RFC 9562
// in appendix A.4, and in the documentation of Python.
func TestNameUUIDs(t *testing.T) {
	t.Parallel()
	dns := [16]byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	url := dns
	url[3] = 0x11
	for _, c := range []struct {
		namespace  [16]byte
		name, want string
	}{
		{dns, "www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2"},
		{dns, "python.org", "886313e1-3b8a-5372-9b90-0c9aee199e5d"},
		{url, "http://python.org/", "4c565f0d-3f5a-5890-b41b-20cf47701c5e"},
	} {
		if got := nameUUID(c.namespace, c.name); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestHashLengths has every length of the last, incomplete block.
func TestHashLengths(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range 17 {
		seen[uniqueString("aaaaaaaaaaaaaaaa"[:i])] = true
	}
	if len(seen) != 17 {
		t.Errorf("%d hashes of 17 texts", len(seen))
	}
}
