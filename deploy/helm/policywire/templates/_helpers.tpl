{{- define "policywire.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters: a pod's name is a label's value too, and topics' names come after it. */}}
{{- define "policywire.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "policywire.name" . -}}
{{- (contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name)) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "policywire.selectorLabels" -}}
app.kubernetes.io/name: {{ include "policywire.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: worker
{{- end -}}

{{- define "policywire.labels" -}}
{{ include "policywire.selectorLabels" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "policywire.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "policywire.fullname" .) "default") -}}
{{- end -}}

{{- define "policywire.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "policywire.securityProtocol" -}}
{{- $sasl := ne .Values.kafka.sasl.mechanism "none" -}}
{{- if .Values.kafka.tls.enabled -}}{{ $sasl | ternary "SASL_SSL" "SSL" }}{{- else -}}{{ $sasl | ternary "SASL_PLAINTEXT" "PLAINTEXT" }}{{- end -}}
{{- end -}}

{{/* The default is the worker's own. */}}
{{- define "policywire.drainSeconds" -}}
{{- dig "deadlines" "drain_s" 10 .Values.settings -}}
{{- end -}}

{{/* The worker's own default; the chart moves it from the loopback address to the pod's. */}}
{{- define "policywire.healthPort" -}}
{{- dig "health" "port" 9464 .Values.settings -}}
{{- end -}}

{{- define "policywire.maxReplicas" -}}
{{- .Values.autoscaling.maxReplicas | default .Values.lanes -}}
{{- end -}}

{{/* What one value against another makes unusable; a schema sees each alone. Every template that could go wrong asks. */}}
{{- define "policywire.refuse" -}}
{{- with .Values -}}
{{- if and (not .autoscaling.enabled) (gt (int .replicas) (int .lanes)) -}}
{{- fail (printf "replicas is %d, but there are %d lanes: a worker without a lane has nothing to do. Lower replicas, or say how many lanes there really are." (int .replicas) (int .lanes)) -}}
{{- end -}}
{{- if .autoscaling.enabled -}}
{{- $most := int (include "policywire.maxReplicas" $) -}}
{{- range $name, $count := dict "maxReplicas" $most "minReplicas" .autoscaling.minReplicas "fallbackReplicas" .autoscaling.fallbackReplicas -}}
{{- if gt (int $count) (int $.Values.lanes) -}}
{{- fail (printf "autoscaling.%s is %d, but there are %d lanes: a worker without a lane has nothing to do." $name (int $count) (int $.Values.lanes)) -}}
{{- end -}}
{{- end -}}
{{- if gt (int .autoscaling.minReplicas) $most -}}
{{- fail (printf "autoscaling.minReplicas is %d and more than maxReplicas, %d." (int .autoscaling.minReplicas) $most) -}}
{{- end -}}
{{- end -}}
{{- if and (not .kafka.tls.enabled) (not .kafka.allowPlaintext) -}}
{{- fail "kafka.tls.enabled is false: members' health information would be readable on the way. Set kafka.allowPlaintext if another layer encrypts." -}}
{{- end -}}
{{- if and .kafka.tls.ca.secret .kafka.tls.ca.configMap -}}
{{- fail "kafka.tls.ca names a Secret and a ConfigMap; take one away." -}}
{{- end -}}
{{- if and (eq .kafka.sasl.mechanism "SCRAM-SHA-512") (not (and .kafka.sasl.scram.username .kafka.sasl.scram.passwordSecret.name)) -}}
{{- fail "kafka.sasl.mechanism is SCRAM-SHA-512: give kafka.sasl.scram.username and kafka.sasl.scram.passwordSecret.name." -}}
{{- end -}}
{{- if eq .kafka.sasl.mechanism "OAUTHBEARER" -}}
{{- with .kafka.sasl.oauth -}}
{{- if eq (empty .serviceAccountToken.audience) (empty .tokenEndpoint) -}}
{{- fail "kafka.sasl.mechanism is OAUTHBEARER: give one source of tokens, kafka.sasl.oauth.serviceAccountToken.audience or kafka.sasl.oauth.tokenEndpoint." -}}
{{- end -}}
{{- if and .tokenEndpoint (not (and .clientId .clientSecret.name)) -}}
{{- fail "kafka.sasl.oauth.tokenEndpoint needs kafka.sasl.oauth.clientId and kafka.sasl.oauth.clientSecret.name." -}}
{{- end -}}
{{- if and .ca.secret .ca.configMap -}}
{{- fail "kafka.sasl.oauth.ca names a Secret and a ConfigMap; take one away." -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq .rules.source "configMap") (not .rules.configMap) -}}
{{- fail "rules.source is configMap: name it in rules.configMap." -}}
{{- end -}}
{{- if and (ne .rules.source "configMap") .rules.configMap -}}
{{- fail (printf "rules.configMap is named, but rules.source is %s; take one away." .rules.source) -}}
{{- end -}}
{{- if and .topicsJob.enabled .strimzi.topics.enabled -}}
{{- fail "topicsJob and strimzi.topics both make topics; take one away." -}}
{{- end -}}
{{- if eq (include "policywire.healthPort" $) "0" -}}
{{- fail "settings.health.port is 0, a port that nobody knows beforehand; give one, for probes and metrics." -}}
{{- end -}}
{{- if and (or .strimzi.topics.enabled .strimzi.users.enabled) (not .strimzi.cluster) -}}
{{- fail "strimzi.topics or strimzi.users is enabled: name the Kafka resource in strimzi.cluster." -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Where the Secrets that make up the folder of secrets are: settings' variables to Secret and key, as YAML. */}}
{{- define "policywire.secrets" -}}
{{- with .Values.kafka -}}
{{- if eq .sasl.mechanism "SCRAM-SHA-512" }}
POLICYWIRE_KAFKA__SASL_PASSWORD: {secret: {{ .sasl.scram.passwordSecret.name | quote }}, key: {{ .sasl.scram.passwordSecret.key | quote }}}
{{- end }}
{{- if and (eq .sasl.mechanism "OAUTHBEARER") .sasl.oauth.tokenEndpoint }}
POLICYWIRE_KAFKA__OAUTH_CLIENT_SECRET: {secret: {{ .sasl.oauth.clientSecret.name | quote }}, key: {{ .sasl.oauth.clientSecret.key | quote }}}
{{- end }}
{{- if and .tls.enabled .tls.clientCertificate.secret .tls.clientCertificate.passwordKey }}
POLICYWIRE_KAFKA__SSL_KEY_PASSWORD: {secret: {{ .tls.clientCertificate.secret | quote }}, key: {{ .tls.clientCertificate.passwordKey | quote }}}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Settings that the chart derives from its values: variables to values, as YAML. */}}
{{- define "policywire.derived" -}}
POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS: {{ .Values.kafka.bootstrapServers | quote }}
POLICYWIRE_KAFKA__GROUP: {{ .Values.kafka.group | quote }}
POLICYWIRE_KAFKA__TOPIC_PREFIX: {{ .Values.kafka.topicPrefix | quote }}
POLICYWIRE_KAFKA__SECURITY_PROTOCOL: {{ include "policywire.securityProtocol" . }}
{{- if not .Values.kafka.tls.enabled }}
POLICYWIRE_KAFKA__ALLOW_PLAINTEXT: "true"
{{- else }}
{{- if or .Values.kafka.tls.ca.secret .Values.kafka.tls.ca.configMap }}
POLICYWIRE_KAFKA__SSL_CA_FILE: /etc/policywire/tls/ca.crt
{{- end }}
{{- if .Values.kafka.tls.clientCertificate.secret }}
POLICYWIRE_KAFKA__SSL_CERTIFICATE_FILE: /etc/policywire/tls/client.crt
POLICYWIRE_KAFKA__SSL_KEY_FILE: /etc/policywire/tls/client.key
{{- end }}
{{- end }}
{{- if ne .Values.kafka.sasl.mechanism "none" }}
POLICYWIRE_KAFKA__SASL_MECHANISM: {{ .Values.kafka.sasl.mechanism }}
{{- end }}
{{- if eq .Values.kafka.sasl.mechanism "SCRAM-SHA-512" }}
POLICYWIRE_KAFKA__SASL_USERNAME: {{ .Values.kafka.sasl.scram.username | quote }}
{{- end }}
{{- if eq .Values.kafka.sasl.mechanism "OAUTHBEARER" }}
{{- with .Values.kafka.sasl.oauth }}
{{- if .serviceAccountToken.audience }}
POLICYWIRE_KAFKA__OAUTH_TOKEN_FILE: /etc/policywire/token/token
{{- else }}
POLICYWIRE_KAFKA__OAUTH_TOKEN_ENDPOINT: {{ .tokenEndpoint | quote }}
POLICYWIRE_KAFKA__OAUTH_CLIENT_ID: {{ .clientId | quote }}
{{- if .scope }}
POLICYWIRE_KAFKA__OAUTH_SCOPE: {{ .scope | quote }}
{{- end }}
{{- if or .ca.secret .ca.configMap }}
POLICYWIRE_KAFKA__OAUTH_CA_FILE: /etc/policywire/tls/token-endpoint-ca.crt
{{- end }}
{{- end }}
{{- end }}
{{- end }}
POLICYWIRE_RULES__SOURCE: {{ eq .Values.rules.source "topic" | ternary "topic" "folder" }}
{{- if eq .Values.rules.source "configMap" }}
POLICYWIRE_RULES__PATH: /etc/policywire/rules
{{- end }}
# Not the loopback address: the kubelet and Prometheus ask from outside the pod. The NetworkPolicy says who may.
POLICYWIRE_HEALTH__HOST: "0.0.0.0"
{{- if include "policywire.secrets" . }}
POLICYWIRE_SECRETS_DIR: /etc/policywire/secrets
{{- end }}
{{- end -}}
