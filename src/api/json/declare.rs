//! The two macros that declare what objects are made of: `object!` and `words!`.

/// Declares an object: a struct, its JSON, and the table of its fields.
///
/// The comments of the fields are data too: `Schema::docs`.
///
/// `always` after a key prints the field even when it is empty or zero. What stands under
/// `hidden` is ours alone: never read from JSON, never printed.
#[macro_export]
macro_rules! object {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[doc = $fdoc:literal])* $field:ident: $type:ty = $key:literal $($flag:ident)?; )*
        }
        $( kept { $( $kept:literal: $shape:expr; )* } )?
        $( hidden { $( $(#[$hmeta:meta])* $hidden:ident: $htype:ty; )* } )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $( $(#[doc = $fdoc])* pub $field: $type, )*
            $( $( $(#[$hmeta])* pub $hidden: $htype, )* )?
            /// The fields kept without effect.
            pub rest: $crate::api::json::Rest,
        }

        impl $name {
            /// The type's fields.
            pub const SCHEMA: $crate::api::json::Schema = $crate::api::json::Schema {
                name: stringify!($name),
                list_name: concat!("[]", stringify!($name)),
                fields: &[
                    $( $crate::api::json::Field {
                        key: $key,
                        shape: <$type as $crate::api::json::Json>::SHAPE,
                        support: $crate::api::json::Support::Simulated,
                        always: false $(|| $crate::always!($flag))?,
                    }, )*
                    $( $( $crate::api::json::Field {
                        key: $kept,
                        shape: $shape,
                        support: $crate::api::json::Support::Kept,
                        always: false,
                    }, )* )?
                ],
                docs: || concat!($( $($fdoc,)* "\n" ),*),
            };
        }

        impl $crate::api::json::Json for $name {
            const SHAPE: $crate::api::json::Shape =
                $crate::api::json::Shape::Object(&$name::SCHEMA);

            fn read(
                value: &serde_json::Value,
                reader: &mut $crate::api::json::Reader,
            ) -> Self {
                let mut this = Self::default();
                let slots: &mut [&mut dyn $crate::api::json::Slot] =
                    &mut [$( &mut this.$field ),*];
                this.rest = reader.fill(value, &Self::SCHEMA, slots);
                this
            }

            fn write(&self) -> serde_json::Value {
                let slots: &[&dyn $crate::api::json::Slot] = &[$( &self.$field ),*];
                $crate::api::json::show(&Self::SCHEMA, slots, &self.rest)
            }

            fn is_absent(&self) -> bool {
                false
            }
        }
    };
}

/// The one word that may stand after a key.
#[doc(hidden)]
#[macro_export]
macro_rules! always {
    (always) => {
        true
    };
}

/// Declares an enum whose values are words in JSON. A word that is none of them is kept as
/// `Other`, so that validation can quote it.
#[macro_export]
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $word:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub enum $name {
            /// Not given.
            #[default]
            Unset,
            $( $(#[$vmeta])* $variant, )*
            /// A word Kubernetes does not know.
            Other($crate::base::Str),
        }

        impl $name {
            /// All words, in upstream's order.
            pub const WORDS: &[&str] = &[$( $word ),*];

            /// The word, empty if not given.
            pub fn as_str(&self) -> &str {
                match self {
                    $name::Unset => "",
                    $( $name::$variant => $word, )*
                    $name::Other(word) => word,
                }
            }
        }

        impl $crate::api::json::Json for $name {
            const SHAPE: $crate::api::json::Shape = $crate::api::json::Shape::Text;

            fn read(
                value: &serde_json::Value,
                reader: &mut $crate::api::json::Reader,
            ) -> Self {
                match value {
                    serde_json::Value::String(word) => match word.as_str() {
                        "" => $name::Unset,
                        $( $word => $name::$variant, )*
                        other => $name::Other(other.into()),
                    },
                    other => {
                        reader.mismatch(other, "string");
                        $name::Unset
                    }
                }
            }

            fn write(&self) -> serde_json::Value {
                serde_json::Value::String(self.as_str().to_string())
            }

            fn is_absent(&self) -> bool {
                *self == $name::Unset
            }
        }
    };
}
