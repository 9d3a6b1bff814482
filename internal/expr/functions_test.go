package expr

import "testing"

// call is one line of a table: a function, its arguments and what it gives.
type call struct {
	function string
	args     arr
	want     any
}

func checkCalls(t *testing.T, calls []call) {
	t.Helper()
	for _, c := range calls {
		t.Run(c.function, func(t *testing.T) {
			t.Parallel()
			got := apply(t, c.function, c.args...)
			if show(got) != show(val(c.want)) {
				t.Errorf("%s(%s)\n got %s\nwant %s", c.function, show(val(c.args)), show(got), show(val(c.want)))
			}
		})
	}
}

// unknown is what a call gives that Azure refuses.
var unknown = Unknown()

// TestStrings are the documented examples, and the ends of what is accepted.
func TestStrings(t *testing.T) {
	t.Parallel()
	checkCalls(t, []call{
		{"base64", arr{"one, two, three"}, "b25lLCB0d28sIHRocmVl"},
		{"base64", arr{" Fizz "}, "IEZpenog"},
		{"base64ToString", arr{"b25lLCB0d28sIHRocmVl"}, "one, two, three"},
		{"base64ToString", arr{"b25l@"}, unknown},
		{"base64ToJson", arr{"eyJvbmUiOiAiYSIsICJ0d28iOiAiYiJ9"}, obj{"one", "a", "two", "b"}},
		{"concat", arr{"prefix", "-", "5yj4yjf5mbg72"}, "prefix-5yj4yjf5mbg72"},
		{"concat", arr{"a", 1, true}, "a1True"},
		{"concat", arr{"a"}, "a"},
		{"concat", arr{arr{"1-1", "1-2"}, arr{"2-1"}}, arr{"1-1", "1-2", "2-1"}},
		{"concat", arr{arr{"a"}, "b"}, unknown},
		{"contains", arr{"OneTwoThree", "e"}, true},
		{"contains", arr{"OneTwoThree", "z"}, false},
		{"contains", arr{"FOOBAR", "foo"}, false},
		{"dataUri", arr{" Fizz "}, "data:text/plain;charset=utf-8;base64,IEZpenog"},
		{"dataUriToString", arr{"data:;base64,SGVsbG8sIFdvcmxkIQ=="}, "Hello, World!"},
		{"dataUriToString", arr{"data:text/plain;charset=utf-8;base64,IEZpenog"}, " Fizz "},
		{"dataUriToString", arr{"Hi 0!"}, unknown},
		{"endsWith", arr{"abcdef", "ef"}, true},
		{"endsWith", arr{"abcdef", "F"}, true},
		{"endsWith", arr{"abcdef", "e"}, false},
		{"startsWith", arr{"abcdef", "ab"}, true},
		{"startsWith", arr{"abcdef", "A"}, true},
		{"startsWith", arr{"abcdef", "e"}, false},
		{"first", arr{"One Two Three"}, "O"},
		{"first", arr{""}, ""},
		{"last", arr{"One Two Three"}, "e"},
		{"last", arr{"😀"}, unknown},
		{"indexOf", arr{"test", "t"}, 0},
		{"indexOf", arr{"abcdef", "CD"}, 2},
		{"indexOf", arr{"abcdef", "z"}, -1},
		{"indexOf", arr{"😀é😀d", "D"}, 5},
		{"lastIndexOf", arr{"test", "t"}, 3},
		{"lastIndexOf", arr{"abcdef", "AB"}, 0},
		{"lastIndexOf", arr{"abcdef", "z"}, -1},
		{"join", arr{arr{"one", "two", "three"}, ","}, "one,two,three"},
		{"join", arr{arr{"abc", 123, true}, "/"}, "abc/123/True"},
		{"join", arr{arr{}, ","}, ""},
		{"length", arr{"One Two Three"}, 13},
		{"length", arr{"😀é"}, 3},
		{"like", arr{"HelloWorld", "hello*"}, true},
		{"like", arr{"HelloWorld", "*lo*ld"}, true},
		{"like", arr{"HelloWorld", "*x*"}, false},
		{"like", arr{"ab", "abc"}, false},
		{"like", arr{"aba", "ab*ba"}, false},
		{"padLeft", arr{"123", 10, "0"}, "0000000123"},
		{"padLeft", arr{13, 5}, "   13"},
		{"padLeft", arr{"123", 2}, "123"},
		{"padLeft", arr{"1", 17}, unknown},
		{"padLeft", arr{"1", 5, "ab"}, unknown},
		{"replace", arr{"123-123-1234", "-", ""}, "1231231234"},
		{"replace", arr{"123-123-1234", "1234", "xxxx"}, "123-123-xxxx"},
		{"replace", arr{"abc", "", "x"}, unknown},
		{"skip", arr{"one two three", 4}, "two three"},
		{"skip", arr{"one", 9}, ""},
		{"skip", arr{"one", -1}, "one"},
		{"take", arr{"one two three", 2}, "on"},
		{"take", arr{"one", 9}, "one"},
		{"take", arr{"one", -1}, ""},
		{"take", arr{"a😀", 2}, unknown},
		{"split", arr{"one,two,three", ","}, arr{"one", "two", "three"}},
		{"split", arr{"one;two,three", arr{",", ";"}}, arr{"one", "two", "three"}},
		{"split", arr{"a//b", "/"}, arr{"a", "", "b"}},
		{"split", arr{"a<->b-c", arr{"<->", "-"}}, arr{"a", "b", "c"}},
		{"split", arr{"abc", ""}, arr{"abc"}},
		{"split", arr{"a b", arr{}}, unknown},
		{"string", arr{5}, "5"},
		{"string", arr{true}, "True"},
		{"string", arr{"s"}, "s"},
		{"string", arr{obj{"valueA", 10, "valueB", "Example \"Text\""}}, `{"valueA":10,"valueB":"Example \"Text\""}`},
		{"string", arr{arr{"a", nil, false, arr{}}}, `["a",null,false,[]]`},
		{"substring", arr{"one two three", 4, 3}, "two"},
		{"substring", arr{"asdfasf", 3}, "fasf"},
		{"substring", arr{"abc", 3}, ""},
		{"substring", arr{"abc", 4}, unknown},
		{"substring", arr{"abc", 1, 3}, unknown},
		{"toLower", arr{"One Two Three"}, "one two three"},
		{"toLower", arr{"Äİ\u212a"}, "äİ\u212a"},
		{"toUpper", arr{"One Two Three"}, "ONE TWO THREE"},
		{"toUpper", arr{"äıſ"}, "Äıſ"},
		{"trim", arr{"    one two three   "}, "one two three"},
	})
}

// TestHashes are values that the deployment engine is on record for.
func TestHashes(t *testing.T) {
	t.Parallel()
	checkCalls(t, []call{
		{"uniqueString", arr{"snap", "crackle", "pop"}, "byghxckddilkc"},
		{"uniqueString", arr{"asd", "asdf", "asdf"}, "iizpqit7ih3cc"},
		{"uniqueString", arr{"asd-asdf-asdf"}, "iizpqit7ih3cc"},
		{"guid", arr{"foo", "bar", "baz"}, "2ed86837-7c7c-5eaa-9864-dd077fd19b0d"},
		{"guid", arr{"asdf"}, "228d27cc-6fdb-5934-b7ac-1efccebade04"},
	})
	// Every length of the last, incomplete block.
	seen := map[string]bool{}
	for i := range 17 {
		seen[uniqueString("aaaaaaaaaaaaaaaa"[:i])] = true
	}
	if len(seen) != 17 {
		t.Errorf("%d hashes of 17 texts", len(seen))
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	checkCalls(t, []call{
		{"format", arr{"{0}, {1}. Formatted number: {2:N0}", "Hello", "User", 8175133}, "Hello, User. Formatted number: 8,175,133"},
		{"format", arr{"{0}/{1}/{2}/{3}", 1, 2, 3, true}, "1/2/3/True"},
		{"format", arr{"->{0}<-", 123}, "->123<-"},
		{"format", arr{"->{123}<-", 123}, unknown},
		{"format", arr{"{{{0}}}", "x"}, "{x}"},
		{"format", arr{"{", "x"}, unknown},
		{"format", arr{"}", "x"}, unknown},
		{"format", arr{"{0{1}}", "x"}, unknown},
		{"format", arr{"{x}", "x"}, unknown},
		{"format", arr{"[{0,5}|{0,-5}|{0,1}]", "abc"}, "[  abc|abc  |abc]"},
		{"format", arr{"{0:D3} {0:000} {0:X} {0:x4} {0:F1} {0:N} {0:G}", 12}, "012 012 C 000c 12.0 12.00 12"},
		{"format", arr{"{0:D3} {0:N0}", -1234}, "-1234 -1,234"},
		{"format", arr{"{0:C}", 1}, unknown},
		{"format", arr{"{0:D3}|{1:D3}", "abc", true}, "abc|True"},
		{"format", arr{"{0}{1}", nil, ""}, ""},
	})
}

func TestSequences(t *testing.T) {
	t.Parallel()
	three := arr{"one", "two", "three"}
	checkCalls(t, []call{
		{"array", arr{1}, arr{1}},
		{"array", arr{obj{"a", "b"}}, arr{obj{"a", "b"}}},
		{"array", arr{three}, three},
		{"createArray", arr{1, 2, 3}, arr{1, 2, 3}},
		{"createArray", arr{}, arr{}},
		{"contains", arr{three, "two"}, true},
		{"contains", arr{three, "TWO"}, false},
		{"contains", arr{arr{obj{"a", 1}}, obj{"a", 1}}, true},
		{"contains", arr{obj{"one", "a", "two", "b"}, "ONE"}, true},
		{"contains", arr{obj{"one", "a"}, "three"}, false},
		{"distinct", arr{arr{1, 2, 1, "1"}}, arr{1, 2, "1"}},
		{"empty", arr{arr{}}, true},
		{"empty", arr{obj{}}, true},
		{"empty", arr{""}, true},
		{"empty", arr{nil}, true},
		{"empty", arr{"a"}, false},
		{"first", arr{three}, "one"},
		{"first", arr{arr{}}, nil},
		{"last", arr{three}, "three"},
		{"last", arr{arr{}}, nil},
		{"flatten", arr{arr{arr{"one", "two"}, arr{"three"}, arr{"four", "five"}}}, arr{"one", "two", "three", "four", "five"}},
		{"flatten", arr{arr{}}, arr{}},
		{"flatten", arr{arr{"a"}}, unknown},
		{"indexOf", arr{arr{"one", 2, arr{1}, "one"}, "one"}, 0},
		{"indexOf", arr{arr{"one", 2, arr{1}, "one"}, arr{1}}, 2},
		{"indexOf", arr{arr{"FOO"}, "foo"}, -1},
		{"lastIndexOf", arr{arr{"one", 2, "one"}, "one"}, 2},
		{"indexFromEnd", arr{three, 1}, "three"},
		{"indexFromEnd", arr{three, 4}, unknown},
		{"tryIndexFromEnd", arr{three, 3}, "one"},
		{"tryIndexFromEnd", arr{three, 4}, nil},
		{"intersection", arr{arr{"one", "two", "three"}, arr{"two", "three", "four"}}, arr{"two", "three"}},
		{"intersection", arr{arr{1, 2, 2}, arr{2, 2}, arr{2, 3}}, arr{2}},
		{"intersection", arr{obj{"one", "a", "two", "b", "three", "c"}, obj{"one", "a", "two", "z", "three", "c"}}, obj{"one", "a", "three", "c"}},
		{"intersection", arr{arr{1}, obj{}}, unknown},
		{"length", arr{three}, 3},
		{"length", arr{obj{"a", 1, "b", 2}}, 2},
		{"length", arr{5}, unknown},
		{"max", arr{arr{0, 3, 2, 5, 4}}, 5},
		{"max", arr{0, 3, 2, 5, 4}, 5},
		{"max", arr{-3, -7}, -3},
		{"min", arr{arr{0, 3, 2, 5, 4}}, 0},
		{"min", arr{10, 4, 1, 6}, 1},
		{"min", arr{1, "2"}, unknown},
		{"range", arr{5, 3}, arr{5, 6, 7}},
		{"range", arr{0, 0}, arr{}},
		{"range", arr{0, -1}, unknown},
		{"range", arr{2147483647, 1}, unknown},
		{"skip", arr{three, 2}, arr{"three"}},
		{"take", arr{three, 2}, arr{"one", "two"}},
		{"take", arr{obj{}, 2}, unknown},
		{"union", arr{arr{"one", "two", "three"}, arr{"three", "four"}}, arr{"one", "two", "three", "four"}},
	})
}

func TestObjects(t *testing.T) {
	t.Parallel()
	checkCalls(t, []call{
		{"createObject", arr{"intProp", 1, "stringProp", "abc"}, obj{"intProp", 1, "stringProp", "abc"}},
		{"createObject", arr{}, obj{}},
		{"createObject", arr{"a"}, unknown},
		{"createObject", arr{1, 2}, unknown},
		{"items", arr{obj{"item002", obj{"number", 2}, "item001", obj{"number", 1}}}, arr{
			obj{"key", "item001", "value", obj{"number", 1}}, obj{"key", "item002", "value", obj{"number", 2}},
		}},
		{"objectKeys", arr{obj{"b", 1, "A", 2, "_", 3}}, arr{"A", "b", "_"}},
		{"shallowMerge", arr{arr{obj{"one", "a", "two", obj{"x", 1}}, obj{"two", obj{"y", 2}}}}, obj{"one", "a", "two", obj{"y", 2}}},
		{"tryGet", arr{obj{"a", obj{"b", arr{1, 2}}}, "a", "b", 1}, 2},
		{"tryGet", arr{obj{"a", obj{"b", arr{1, 2}}}, "a", "c", 1}, nil},
		{"tryGet", arr{arr{1}, 1}, nil},
		{"tryGet", arr{arr{1}, -1}, nil},
		{"union", arr{
			obj{"one", "a", "two", "b", "three", "c1"}, obj{"three", "c2", "four", "d"},
		}, obj{"one", "a", "two", "b", "three", "c2", "four", "d"}},
		{"union", arr{
			obj{"property", obj{"one", "a", "two", "b", "three", "c1"}, "nested", arr{1}},
			obj{"property", obj{"three", "c2"}, "nested", arr{2}},
		}, obj{"property", obj{"one", "a", "two", "b", "three", "c2"}, "nested", arr{2}}},
		{"union", arr{obj{}, arr{}}, unknown},
		{"json", arr{`{"a":[1,-2,true,null,"x"],"b":{}}`}, obj{"a", arr{1, -2, true, nil, "x"}, "b", obj{}}},
		{"json", arr{"null"}, nil},
		{"json", arr{`"x"`}, "x"},
		{"json", arr{"1 2"}, unknown},
		{"json", arr{`{"a":`}, unknown},
		{"json", arr{"1.5"}, Atom("number 1.5", KindUnknown)},
		{"json", arr{"[99999999999999999999]"}, arr{Atom("number 99999999999999999999", KindUnknown)}},
	})
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	const most, least = int64(9223372036854775807), int64(-9223372036854775808)
	checkCalls(t, []call{
		{"add", arr{5, 3}, 8},
		{"add", arr{most, 1}, unknown},
		{"add", arr{1, "2"}, unknown},
		{"sub", arr{7, 3}, 4},
		{"sub", arr{least, 1}, unknown},
		{"sub", arr{0, least}, unknown},
		{"mul", arr{5, 3}, 15},
		{"mul", arr{most, 2}, unknown},
		{"mul", arr{-1, least}, unknown},
		{"mul", arr{least, -1}, unknown},
		{"div", arr{8, 3}, 2},
		{"div", arr{-8, 3}, -2},
		{"div", arr{1, 0}, unknown},
		{"div", arr{least, -1}, unknown},
		{"mod", arr{7, 3}, 1},
		{"mod", arr{-7, 3}, -1},
		{"mod", arr{1, 0}, unknown},
		{"int", arr{"4"}, 4},
		{"int", arr{"asdf"}, unknown},
		{"int", arr{"1.5"}, unknown},
		{"int", arr{7}, 7},
		{"bool", arr{"true"}, true},
		{"bool", arr{1}, true},
		{"bool", arr{"False"}, false},
		{"bool", arr{0}, false},
		{"bool", arr{"sdf"}, unknown},
		{"any", arr{"foo"}, "foo"},
	})
}

func TestLambdas(t *testing.T) {
	t.Parallel()
	dogs := arr{
		obj{"name", "Evie", "age", 5},
		obj{"name", "Casper", "age", 3},
		obj{"name", "Indy", "age", 2},
		obj{"name", "Cira", "age", 8},
	}
	dog := name("dog")
	even := op(Equal, op(Modulo, name("i"), lit(2)), lit(0))
	greet := &Interpolation{Parts: []Expr{lit("Hi "), name("s"), lit("!")}}
	byType := arr{obj{"type", "a", "value", 123}, obj{"type", "b", "value", 456}, obj{"type", "a", "value", 789}}
	checkCalls(t, []call{
		{"filter", arr{dogs, fn(op(GreaterOrEqual, dot(dog, "age"), lit(5)), "dog")}, arr{dogs[0], dogs[3]}},
		{"filter", arr{arr{"a", "b", "c", "d"}, fn(even, "item", "i")}, arr{"a", "c"}},
		{"filter", arr{arr{1}, fn(name("i"), "i")}, unknown},
		{"filter", arr{arr{1}, true}, unknown},
		{"map", arr{arr{"abc", "def"}, fn(greet, "s")}, arr{"Hi abc!", "Hi def!"}},
		{"map", arr{arr{"a", "b"}, fn(name("i"), "s", "i")}, arr{0, 1}},
		{"map", arr{arr{}, fn(greet, "s")}, arr{}},
		{"map", arr{"abc", fn(greet, "s")}, unknown},
		{"reduce", arr{arr{1, 2, 3, 4, 5}, 1, fn(op(Multiply, name("a"), name("c")), "a", "c")}, 120},
		{"reduce", arr{arr{"a", "b", "c"}, "", fn(&Interpolation{Parts: []Expr{name("a"), lit("-"), name("c")}}, "a", "c")}, "-a-b-c"},
		{"reduce", arr{arr{}, 0, fn(name("a"), "a", "c")}, 0},
		{"sort", arr{arr{8, 3, 10, -13, 5}, fn(op(Less, name("a"), name("c")), "a", "c")}, arr{-13, 3, 5, 8, 10}},
		{"sort", arr{arr{"ghi", "abc", "def"}, fn(op(Greater, name("a"), name("c")), "a", "c")}, arr{"ghi", "def", "abc"}},
		{"toObject", arr{arr{"a", "b"}, fn(name("s"), "s"), fn(greet, "s")}, obj{"a", "Hi a!", "b", "Hi b!"}},
		{"toObject", arr{arr{123, 456}, fn(&Interpolation{Parts: []Expr{op(Divide, name("i"), lit(100))}}, "i")}, obj{"1", 123, "4", 456}},
		{"toObject", arr{arr{"a", "A"}, fn(name("s"), "s")}, unknown},
		{"groupBy", arr{byType, fn(dot(name("e"), "type"), "e"), fn(dot(name("e"), "value"), "e")}, obj{"a", arr{123, 789}, "b", arr{456}}},
		{"groupBy", arr{byType, fn(dot(name("e"), "type"), "e")}, obj{"a", arr{byType[0], byType[2]}, "b", arr{byType[1]}}},
		{"mapValues", arr{obj{"a", 123, "b", 456}, fn(op(Multiply, name("v"), lit(2)), "v")}, obj{"a", 246, "b", 912}},
	})
}

func TestURIs(t *testing.T) {
	t.Parallel()
	checkCalls(t, []call{
		{"uri", arr{"http://contoso.org/firstpath", "myscript.sh"}, "http://contoso.org/myscript.sh"},
		{"uri", arr{"http://contoso.org/firstpath/", "myscript.sh"}, "http://contoso.org/firstpath/myscript.sh"},
		{"uri", arr{"http://contoso.org/firstpath/azuredeploy.json", "myscript.sh"}, "http://contoso.org/firstpath/myscript.sh"},
		{"uri", arr{"http://contoso.org/firstpath/azuredeploy.json/", "myscript.sh"}, "http://contoso.org/firstpath/azuredeploy.json/myscript.sh"},
		{"uri", arr{"https://github.com", "Azure/bicep"}, "https://github.com/Azure/bicep"},
		{"uri", arr{"https://github.com/another/repo", "/Azure/bicep"}, "https://github.com/Azure/bicep"},
		{"uri", arr{"https://GitHub.com", ""}, "https://github.com/"},
		{"uri", arr{"github.com", "Azure/bicep"}, unknown},
		{"uri", arr{"https://github.com", "a b"}, unknown},
		{"uriComponent", arr{"http://contoso.com/resources/nested/azuredeploy.json"}, "http%3A%2F%2Fcontoso.com%2Fresources%2Fnested%2Fazuredeploy.json"},
		{"uriComponent", arr{"UB*8h 0+=_)9h9n"}, "UB%2A8h%200%2B%3D_%299h9n"},
		{"uriComponent", arr{"é"}, "%C3%A9"},
		{"uriComponentToString", arr{"http%3A%2F%2Fcontoso.com%2Fresources%2Fnested%2Fazuredeploy.json"}, "http://contoso.com/resources/nested/azuredeploy.json"},
		{"uriComponentToString", arr{"%20%25%20"}, " % "},
		{"uriComponentToString", arr{"100%!+%4"}, "100%!+%4"},
		{"uriComponentToString", arr{"%FF"}, unknown},
		{"buildUri", arr{obj{"scheme", "https", "host", "mystorage.blob.core.windows.net", "port", 8080, "path", "/templates/nestedTemplate.json", "query", "?st=2025-05-09"}}, "https://mystorage.blob.core.windows.net:8080/templates/nestedTemplate.json?st=2025-05-09"},
		{"buildUri", arr{obj{"scheme", "https", "host", "example.com", "port", nil, "path", "/a"}}, "https://example.com/a"},
		{"buildUri", arr{obj{"host", "example.com"}}, unknown},
		{"parseUri", arr{"https://example.com:8443/a/b?x=1"}, obj{"scheme", "https", "host", "example.com", "port", 8443, "path", "/a/b", "query", "?x=1"}},
		{"parseUri", arr{"https://example.com"}, obj{"scheme", "https", "host", "example.com", "port", unknown, "path", "/", "query", ""}},
	})
}

func TestCIDR(t *testing.T) {
	t.Parallel()
	checkCalls(t, []call{
		{"parseCidr", arr{"10.144.0.0/20"}, obj{"network", "10.144.0.0", "netmask", "255.255.240.0", "broadcast", "10.144.15.255", "firstUsable", "10.144.0.1", "lastUsable", "10.144.15.254", "cidr", 20}},
		{"parseCidr", arr{"fdad:3236:5555::/48"}, obj{"network", "fdad:3236:5555::", "netmask", "ffff:ffff:ffff::", "firstUsable", "fdad:3236:5555::", "lastUsable", "fdad:3236:5555:ffff:ffff:ffff:ffff:ffff", "cidr", 48}},
		{"parseCidr", arr{"10.0.0.0"}, unknown},
		{"parseCidr", arr{"10.0.0.0/33"}, unknown},
		{"cidrSubnet", arr{"10.144.0.0/20", 24, 0}, "10.144.0.0/24"},
		{"cidrSubnet", arr{"10.144.0.0/20", 24, 4}, "10.144.4.0/24"},
		{"cidrSubnet", arr{"10.144.0.0/20", 24, 16}, unknown},
		{"cidrSubnet", arr{"10.144.0.0/20", 19, 0}, unknown},
		{"cidrSubnet", arr{"fdad:3236:5555::/48", 52, 4}, "fdad:3236:5555:4000::/52"},
		{"cidrSubnet", arr{"::/0", 128, 9223372036854775807}, "::7fff:ffff:ffff:ffff/128"},
		{"cidrHost", arr{"10.144.3.0/24", 0}, "10.144.3.1"},
		{"cidrHost", arr{"10.144.3.0/24", 253}, "10.144.3.254"},
		{"cidrHost", arr{"10.144.3.0/24", 254}, unknown},
		{"cidrHost", arr{"fdad:3236:5555:3000::/52", 4}, "fdad:3236:5555:3000::5"},
		{"cidrHost", arr{"::/0", -1}, unknown},
	})
}

func TestDates(t *testing.T) {
	t.Parallel()
	const base = "2020-04-07 14:53:14Z"
	checkCalls(t, []call{
		{"dateTimeAdd", arr{"2023-01-01 00:00:00Z", "P1Y"}, "2024-01-01T00:00:00Z"},
		{"dateTimeAdd", arr{"2024-01-01 00:00:00Z", "P1Y"}, "2024-12-31T00:00:00Z"},
		{"dateTimeAdd", arr{"2023-02-01 00:00:00Z", "P1M"}, "2023-03-03T00:00:00Z"},
		{"dateTimeAdd", arr{"2024-02-01 00:00:00Z", "P1M"}, "2024-03-02T00:00:00Z"},
		{"dateTimeAdd", arr{base, "-P9D"}, "2020-03-29T14:53:14Z"},
		{"dateTimeAdd", arr{base, "PT1H", "yyyyMMdd-HHmmss"}, "20200407-155314"},
		{"dateTimeAdd", arr{base, "PT1H", "d. MMMM yy 'at' h:mm tt"}, "7. April 20 at 3:53 PM"},
		{"dateTimeAdd", arr{base, "PT1H", "u"}, "2020-04-07 15:53:14Z"},
		{"dateTimeAdd", arr{base, "PT1H", "o"}, "2020-04-07T15:53:14.0000000Z"},
		{"dateTimeAdd", arr{base, "PT1H", "R"}, "Tue, 07 Apr 2020 15:53:14 GMT"},
		{"dateTimeAdd", arr{base, "PT1H", "D"}, unknown},
		{"dateTimeAdd", arr{base, "PT1H", "'open"}, unknown},
		{"dateTimeAdd", arr{base, "PTASDIONS1D"}, unknown},
		{"dateTimeAdd", arr{base, "P"}, unknown},
		{"dateTimeAdd", arr{base, "P9999Y"}, unknown},
		{"dateTimeAdd", arr{"2020-04-07", "P1D"}, unknown},
		{"dateTimeFromEpoch", arr{1683040573}, "2023-05-02T15:16:13Z"},
		{"dateTimeFromEpoch", arr{9223372036854775807}, unknown},
		{"dateTimeToEpoch", arr{"2023-05-02T15:16:13Z"}, 1683040573},
		{"dateTimeToEpoch", arr{"2023-05-02T17:16:13+02:00"}, 1683040573},
		{"dateTimeToEpoch", arr{"2023-05-02"}, unknown},
	})
}
